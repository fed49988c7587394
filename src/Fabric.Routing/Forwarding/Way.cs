using System.Runtime.Intrinsics;
using Fabric.Routing.Fib;
using Fabric.Routing.Neighbors;

namespace Fabric.Routing.Forwarding;

/// <summary>The way of packets with one entry of the forwarding table: through one gateway, with all that they need; or an open one, whose
/// packets find their neighbours by themselves.</summary>
internal struct Way
{
    /// <summary>Number of the entry.</summary>
    internal uint Number;

    /// <summary>The burst in which it was last known to hold; it holds to the end of that.</summary>
    internal long Burst;

    /// <summary>Of the table, when the number was found.</summary>
    internal long Generation;

    /// <summary>The entry, of an open way; null for one that leads through a gateway.</summary>
    internal ForwardingEntry? Open;

    /// <summary>Of an open way, a bit for each next hop whose interface is up.</summary>
    internal uint Usable;

    /// <summary>Where they leave, as all that follows of a way through a gateway.</summary>
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
