namespace Fabric.Routing.Forwarding;

/// <summary>What an address is to a router.</summary>
internal enum LocalKind : byte
{
    /// <summary>Somebody else's.</summary>
    None,

    /// <summary>One of its own.</summary>
    Own,

    /// <summary>All stations of a network that it is in (RFC 1812, 4.2.3.1).</summary>
    Broadcast,
}
