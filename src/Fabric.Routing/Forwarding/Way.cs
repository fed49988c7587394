using System.Runtime.Intrinsics;
using Fabric.Routing.Neighbors;

namespace Fabric.Routing.Forwarding;

/// <summary>The way of packets with one entry of the forwarding table through one gateway: all that they need.</summary>
internal struct Way
{
    /// <summary>Number of the entry.</summary>
    internal uint Number;

    /// <summary>The burst in which it was last known to hold; it holds to the end of that.</summary>
    internal long Burst;

    /// <summary>Of the table, when the number was found.</summary>
    internal long Generation;

    /// <summary>Where they leave.</summary>
    internal LogicalInterface? Link;

    /// <summary>The gateway.</summary>
    internal Neighbor? Neighbor;

    /// <summary>What was known of it.</summary>
    internal ulong Word;

    internal int Mtu;

    /// <summary>Bytes of the Ethernet header.</summary>
    internal int HeaderLength;

    /// <summary>The Ethernet header's last 16 octets in front of the IP header, the EtherType not set; two of them are too many where it
    /// has no tag.</summary>
    internal Vector128<byte> Header;

    /// <summary>The eight octets that begin two before that.</summary>
    internal ulong Front;
}
