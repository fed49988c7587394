namespace Fabric.Switch.Acl;

/// <summary>What an access list does with a frame.</summary>
public enum AclAction
{
    /// <summary>The frame goes on.</summary>
    Permit,

    /// <summary>The frame is dropped.</summary>
    Deny,
}
