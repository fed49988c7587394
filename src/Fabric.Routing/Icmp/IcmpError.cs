namespace Fabric.Routing.Icmp;

/// <summary>What a router tells the sender of a packet that goes no further (RFC 1812, 5.2.7; RFC 4443, 3).</summary>
internal enum IcmpError
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>No route: network unreachable; no route.</summary>
    NoRoute,

    /// <summary>Host unreachable; address unreachable.</summary>
    HostUnreachable,

    /// <summary>Communication administratively prohibited.</summary>
    Prohibited,

    /// <summary>The protocol is not spoken here: protocol unreachable; parameter problem, unrecognised next header.</summary>
    ProtocolUnreachable,

    /// <summary>Nobody listens at the port.</summary>
    PortUnreachable,

    /// <summary>Fragmentation needed; packet too big. Its word is the MTU.</summary>
    TooBig,

    /// <summary>Time to live, hop limit exceeded in transit.</summary>
    HopLimitExceeded,

    /// <summary>Fragment reassembly time exceeded.</summary>
    ReassemblyTimeExceeded,

    /// <summary>Source route failed; for IPv6, parameter problem at the routing header (RFC 5095). Its word is the position.</summary>
    SourceRouteFailed,

    /// <summary>Beyond scope of source address; IPv6 alone.</summary>
    BeyondScope,

    /// <summary>A header field makes no sense. Its word is the field's position.</summary>
    ParameterProblem,
}
