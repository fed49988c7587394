namespace Fabric.Link;

/// <summary>Why a frame went no further. Each drop has exactly one reason and is counted once, at the place that dropped it.</summary>
public enum DropReason
{
    /// <summary>Shorter than an Ethernet header.</summary>
    Truncated,

    /// <summary>Longer than the port carries.</summary>
    Oversized,

    /// <summary>The offload header contradicts the frame.</summary>
    BadOffload,

    /// <summary>A descriptor chain that is no valid frame.</summary>
    BadDescriptor,

    /// <summary>The source address is a group address.</summary>
    GroupSource,

    /// <summary>The attached end has no buffers left.</summary>
    NoBuffer,

    /// <summary>The attached end is not up: no driver, link down.</summary>
    LinkDown,

    /// <summary>The frame carries an offload that the port cannot take.</summary>
    UnsupportedOffload,

    /// <summary>The destination is on the port the frame came from.</summary>
    SamePort,

    /// <summary>Nowhere to go: no other port.</summary>
    NoPort,

    /// <summary>A group address that stays on its link: 01-80-C2-00-00-00 … 0F (IEEE 802.1D-2004, 7.12.6).</summary>
    ReservedGroup,

    /// <summary>A datagram from another address than the peer's.</summary>
    BadPeer,

    /// <summary>The frame's VLAN is not one of the port's, or its tags are none the port takes (IEEE 802.1Q, 8.6.2).</summary>
    VlanFiltered,

    /// <summary>The spanning tree does not let the port pass frames (IEEE 802.1D-2004, 7.4).</summary>
    PortState,

    /// <summary>The port was shut after a violation, or only takes mirrored frames.</summary>
    PortShut,

    /// <summary>Both ports are isolated.</summary>
    Isolated,

    /// <summary>The source is one that the port may not use: one address too many, or another port's.</summary>
    SecurityViolation,

    /// <summary>An access list says so.</summary>
    AclDenied,

    /// <summary>More bits than the port may send into the switch.</summary>
    Policed,

    /// <summary>More broadcasts, multicasts or unknown destinations than the port may send.</summary>
    StormControl,

    /// <summary>Multicast that nobody has asked for.</summary>
    NoMember,

    /// <summary>A message of IGMP, MLD or PIM that breaks its protocol's rules (RFC 4541, 2.1.1 (5)).</summary>
    BadMembership,

    /// <summary>The member of a bond that it came in on is not in use, or not yet (IEEE 802.1AX-2014, 6.4.15).</summary>
    NotCollecting,

    /// <summary>A tunnel packet whose header is cut off or not valid (RFC 7348, 5).</summary>
    BadEncapsulation,

    /// <summary>A tunnel packet of a segment that this end does not have.</summary>
    UnknownSegment,
}
