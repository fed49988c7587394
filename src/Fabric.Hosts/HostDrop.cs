namespace Fabric.Hosts;

/// <summary>Why a host threw a packet away. Each drop has exactly one reason and is counted once.</summary>
public enum HostDrop
{
    /// <summary>A header is cut off or contradicts itself.</summary>
    Malformed,

    /// <summary>A checksum is wrong.</summary>
    BadChecksum,

    /// <summary>The offload header contradicts the frame, or asks for what the host does not take.</summary>
    BadOffload,

    /// <summary>Longer than the host's MTU allows.</summary>
    Oversized,

    /// <summary>The frame carries a VLAN tag that is not the host's, or none where the host has one.</summary>
    OtherVlan,

    /// <summary>Another station's Ethernet address.</summary>
    OtherStation,

    /// <summary>Another host's IP address: hosts do not forward (RFC 1122, 3.3.1).</summary>
    OtherAddress,

    /// <summary>A source address that no sender may have (RFC 1122, 3.2.1.3; RFC 4291, 2.7).</summary>
    BadSource,

    /// <summary>A protocol that the host does not speak.</summary>
    UnknownProtocol,

    /// <summary>Nobody listens at the UDP port.</summary>
    ClosedPort,

    /// <summary>A TCP segment for no connection, or outside its window.</summary>
    StraySegment,

    /// <summary>An answer nobody waits for.</summary>
    StrayAnswer,

    /// <summary>As many TCP connections as the host takes.</summary>
    TooManyConnections,

    /// <summary>Pieces of a packet that overlap (RFC 5722) or reach beyond it.</summary>
    BadFragment,

    /// <summary>No room for another incomplete packet.</summary>
    TooManyFragments,

    /// <summary>Pieces of a packet did not all arrive in time.</summary>
    FragmentsExpired,

    /// <summary>More errors to report than the limit lets through.</summary>
    RateLimited,

    /// <summary>The next hop did not answer.</summary>
    Unresolved,

    /// <summary>Too many packets wait for the next hop's Ethernet address.</summary>
    TooManyWaiting,

    /// <summary>No route, or no address to send from.</summary>
    NoRoute,

    /// <summary>Neighbor Discovery from off the link, or otherwise against RFC 4861, 7.1.</summary>
    BadDiscovery,
}
