using Fabric.Wire;

namespace Fabric.Routing.Forwarding;

/// <summary>A packet of a burst on its way through, its headers copied to a slot and checked.</summary>
internal struct PacketItem
{
    /// <summary>Where it came in.</summary>
    internal LogicalInterface In;

    /// <summary>Which frame of the burst it is.</summary>
    internal int Frame;

    /// <summary>Start of its IP header in the path's slots.</summary>
    internal int Network;

    /// <summary>End of what was copied of it.</summary>
    internal int End;

    /// <summary>Bytes of its Ethernet header.</summary>
    internal int LinkHeader;

    /// <summary>Bytes from its IP header to its end, without padding.</summary>
    internal int Length;

    internal bool IsV4;

    internal IpAddress Destination;

    /// <summary>It lies in its slot as a whole, and nothing is still to be done to it.</summary>
    internal bool IsWhole;

    /// <summary>Number of what is to become of it in the forwarding table.</summary>
    internal uint Number;
}
