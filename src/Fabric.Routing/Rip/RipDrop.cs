namespace Fabric.Routing.Rip;

/// <summary>Why RIP has not used a packet, or an entry of one. Each is counted once, for one reason.</summary>
public enum RipDrop
{
    /// <summary>Packet: header, entry or trailer cut off.</summary>
    Malformed,

    /// <summary>Packet: version 0, one that the interface does not take, or a request in one that it does not send.</summary>
    Version,

    /// <summary>Packet or entry of version 1: a field that must be zero is not (RFC 1058, 3.4).</summary>
    NotZero,

    /// <summary>Packet: neither request nor response.</summary>
    Command,

    /// <summary>Packet: RIP does not run on the interface.</summary>
    Disabled,

    /// <summary>Packet: a request for the table on a passive interface.</summary>
    Passive,

    /// <summary>Packet: a response not from RIP's own port (RFC 2453, 3.9.2).</summary>
    SourcePort,

    /// <summary>Packet: the sender is not on the link, or not link-local (RFC 2080, 2.4.2).</summary>
    OffLink,

    /// <summary>Packet: it is the router's own.</summary>
    Own,

    /// <summary>Packet: RIPng's hop limit is not 255 (RFC 2080, 2.4.2).</summary>
    HopLimit,

    /// <summary>Packet: not authenticated, or in another way than agreed.</summary>
    Authentication,

    /// <summary>Packet: the key is unknown, or out of its time.</summary>
    Key,

    /// <summary>Packet: wrong password or digest.</summary>
    Digest,

    /// <summary>Packet: the sequence number is less than the neighbour's last one (RFC 4822, 3.2.2).</summary>
    Replay,

    /// <summary>Packet: the interface has as many neighbours as it may.</summary>
    NeighborLimit,

    /// <summary>Packet: a request for the table while too many answers are on their way.</summary>
    Busy,

    /// <summary>Entry: not of the address family.</summary>
    Family,

    /// <summary>Entry: the network is of a loopback, a group, the link or of nowhere.</summary>
    Martian,

    /// <summary>Entry: the mask has holes, is too long, or has bits of the address behind it.</summary>
    Mask,

    /// <summary>Entry: the metric is not 1 … 16.</summary>
    Metric,

    /// <summary>Entry: a distribute list does not permit it.</summary>
    Filtered,

    /// <summary>Entry: the table has as many routes as it may.</summary>
    RouteLimit,
}
