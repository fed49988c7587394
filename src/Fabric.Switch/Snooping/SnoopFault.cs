namespace Fabric.Switch.Snooping;

/// <summary>Why a message was not believed. Each such message is dropped and counted for one reason.</summary>
public enum SnoopFault
{
    /// <summary>None.</summary>
    None,

    /// <summary>A header or a record is cut off, a length is none the protocol has, or the packet is a fragment.</summary>
    Length,

    /// <summary>The checksum of the IPv4 header or of the message is wrong.</summary>
    Checksum,

    /// <summary>It has more than one hop to go, so it may come from afar (RFC 3376, 4; RFC 3810, 5).</summary>
    HopLimit,

    /// <summary>There is no router alert, without which routers need not see it (RFC 3376, 9; RFC 3810, 5).</summary>
    RouterAlert,

    /// <summary>The source is none that may say this: not link-local in MLD, a group, a loopback or broadcast address.</summary>
    Source,

    /// <summary>The destination is not the one this message goes to.</summary>
    Destination,

    /// <summary>The group is no multicast group.</summary>
    Group,

    /// <summary>A router's message on a port behind which no router may be.</summary>
    Guarded,
}
