namespace Fabric.Wire;

/// <summary>Type of a Neighbor Discovery option (RFC 4861, 4.6; RFC 8106).</summary>
public enum NeighborOption : byte
{
    /// <summary>The sender's Ethernet address.</summary>
    SourceLinkLayerAddress = 1,

    /// <summary>The target's Ethernet address.</summary>
    TargetLinkLayerAddress = 2,

    /// <summary>A prefix of the link.</summary>
    PrefixInformation = 3,

    /// <summary>The packet that a redirect is about.</summary>
    RedirectedHeader = 4,

    /// <summary>MTU of the link.</summary>
    Mtu = 5,

    /// <summary>Name servers (RFC 8106, 5.1).</summary>
    RecursiveDnsServer = 25,
}
