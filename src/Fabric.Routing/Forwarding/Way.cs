using System.Runtime.Intrinsics;

namespace Fabric.Routing.Forwarding;

/// <summary>The way of packets with one entry of the forwarding table through one gateway: all that they need, as it is in one burst.</summary>
internal struct Way
{
    /// <summary>Number of the entry.</summary>
    internal uint Number;

    /// <summary>The burst in which it was found; what it says holds for that one.</summary>
    internal long Burst;

    /// <summary>Where they leave.</summary>
    internal LogicalInterface? Link;

    internal int Mtu;

    /// <summary>Bytes of the Ethernet header.</summary>
    internal int HeaderLength;

    /// <summary>The Ethernet header's last 16 octets in front of the IP header, the EtherType not set; two of them are too many where it
    /// has no tag.</summary>
    internal Vector128<byte> Header;

    /// <summary>The eight octets that begin two before that.</summary>
    internal ulong Front;
}
