namespace Fabric.Routing;

/// <summary>Why a packet went no further in a router. Each dropped packet has exactly one reason and is counted once. What the next
/// link then does with a packet its port counts.</summary>
public enum RouterDrop
{
    /// <summary>A header is cut off, or a length contradicts another.</summary>
    Malformed,

    /// <summary>A checksum is wrong.</summary>
    BadChecksum,

    /// <summary>The offload header contradicts the frame.</summary>
    BadOffload,

    /// <summary>The frame is for another station.</summary>
    OtherStation,

    /// <summary>The frame's VLAN has no interface here.</summary>
    OtherVlan,

    /// <summary>Neither ARP nor IP, or a protocol that is not spoken here.</summary>
    UnknownProtocol,

    /// <summary>The interface is down, or gone.</summary>
    InterfaceDown,

    /// <summary>An address that cannot stand where it stands: a source that is no one host's, a destination that no wire carries
    /// (RFC 1812, 5.3.7; RFC 4291, 2.5).</summary>
    Martian,

    /// <summary>The source is not where the packet came from (RFC 3704).</summary>
    ReversePath,

    /// <summary>An access list says so.</summary>
    AccessDenied,

    /// <summary>No route.</summary>
    NoRoute,

    /// <summary>The route is a black hole.</summary>
    BlackHole,

    /// <summary>The route says unreachable.</summary>
    Unreachable,

    /// <summary>The route says prohibited.</summary>
    Prohibited,

    /// <summary>The packet has passed as many routers as it may.</summary>
    HopLimitExceeded,

    /// <summary>Longer than the next link carries, and not to be fragmented.</summary>
    TooBig,

    /// <summary>A source route (RFC 7126, 4.3), or an IPv6 routing header of type 0 (RFC 5095).</summary>
    SourceRoute,

    /// <summary>An option of the header makes no sense.</summary>
    BadOption,

    /// <summary>An address of one link only that should go to another one (RFC 4291, 2.5.6; RFC 3927, 2.7).</summary>
    BeyondScope,

    /// <summary>For all stations of a network (RFC 2644), or an IP packet to one in a frame to all (RFC 1812, 5.3.4).</summary>
    Broadcast,

    /// <summary>For a group that nobody here has joined.</summary>
    NoMember,

    /// <summary>The neighbour did not answer.</summary>
    Unresolved,

    /// <summary>Too many packets wait for neighbours.</summary>
    TooManyWaiting,

    /// <summary>Nobody listens at the port.</summary>
    ClosedPort,

    /// <summary>Whoever listens at the port takes less than comes.</summary>
    SocketFull,

    /// <summary>A fragment that is no part of a packet, or contradicts others (RFC 5722), or is of a tunnel's packet (RFC 7348, 4.3).</summary>
    BadFragment,

    /// <summary>Too many packets are being put together.</summary>
    TooManyFragments,

    /// <summary>The other pieces did not come in time.</summary>
    FragmentsExpired,

    /// <summary>An ARP or Neighbor Discovery message that its protocol has discarded (RFC 826; RFC 4861, 6.1 and 7.1).</summary>
    BadDiscovery,
}
