namespace Fabric.Routing.Acl;

/// <summary>What an access list does with a packet.</summary>
public enum AccessAction : byte
{
    /// <summary>It goes on.</summary>
    Permit,

    /// <summary>It is dropped without a word.</summary>
    Deny,

    /// <summary>It is dropped, and its sender told that it is prohibited (RFC 1812, 5.2.7.1; RFC 4443, 3.1).</summary>
    Reject,
}
