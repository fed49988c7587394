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

    /// <summary>A header is cut off, or a length contradicts another.</summary>
    Malformed,

    /// <summary>A checksum is wrong.</summary>
    BadChecksum,

    /// <summary>The frame, or the packet in it, is for another station.</summary>
    OtherStation,

    /// <summary>A protocol that is not spoken here.</summary>
    UnknownProtocol,

    /// <summary>An address that cannot stand where it stands (RFC 1812, 5.3.7).</summary>
    Martian,

    /// <summary>The source is not where the packet came from (RFC 3704).</summary>
    ReversePath,

    /// <summary>No route to the destination.</summary>
    NoRoute,

    /// <summary>The route is a black hole.</summary>
    BlackHole,

    /// <summary>The route says unreachable, or leads nowhere now.</summary>
    Unreachable,

    /// <summary>The route says prohibited.</summary>
    Prohibited,

    /// <summary>The packet has passed as many routers as it may.</summary>
    HopLimitExceeded,

    /// <summary>A source route, which nobody follows any more (RFC 7126, 4.3; RFC 5095).</summary>
    SourceRoute,

    /// <summary>An option of the IP header makes no sense.</summary>
    BadOption,

    /// <summary>An address of one link only that should go to another one.</summary>
    BeyondScope,

    /// <summary>A broadcast that goes no further (RFC 2644; RFC 1812, 5.3.4).</summary>
    Broadcast,

    /// <summary>The neighbour did not answer.</summary>
    Unresolved,

    /// <summary>Too many packets wait for neighbours.</summary>
    TooManyWaiting,

    /// <summary>Nobody listens at the UDP or TCP port.</summary>
    ClosedPort,

    /// <summary>Whoever listens at the port takes less than comes.</summary>
    SocketFull,

    /// <summary>A fragment that is no part of a packet, or contradicts others (RFC 5722).</summary>
    BadFragment,

    /// <summary>Too many packets are being put together.</summary>
    TooManyFragments,

    /// <summary>The other pieces of a packet did not come in time.</summary>
    FragmentsExpired,

    /// <summary>An ARP or Neighbor Discovery message that its protocol discards (RFC 826; RFC 4861, 6.1 and 7.1).</summary>
    BadDiscovery,
}
