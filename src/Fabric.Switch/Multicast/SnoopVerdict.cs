namespace Fabric.Switch.Multicast;

/// <summary>Where a membership message goes (RFC 4541, 2.1.1).</summary>
public enum SnoopVerdict
{
    /// <summary>To all ports of its VLAN, whoever has joined: queries.</summary>
    Flood,

    /// <summary>To the ports that lead to multicast routers only: reports.</summary>
    ToRouters,

    /// <summary>Nowhere.</summary>
    Consume,
}
