namespace Fabric.Wire;

/// <summary>Protocol behind an IP header (IANA protocol numbers).</summary>
public enum IpProtocol : byte
{
    /// <summary>IPv6 hop-by-hop options (RFC 8200, 4.3).</summary>
    HopByHop = 0,

    /// <summary>ICMP (RFC 792).</summary>
    Icmp = 1,

    /// <summary>IGMP (RFC 3376).</summary>
    Igmp = 2,

    /// <summary>TCP (RFC 9293).</summary>
    Tcp = 6,

    /// <summary>UDP (RFC 768).</summary>
    Udp = 17,

    /// <summary>IPv6 fragment header (RFC 8200, 4.5).</summary>
    Fragment = 44,

    /// <summary>ICMPv6 (RFC 4443).</summary>
    IcmpV6 = 58,

    /// <summary>Nothing follows (RFC 8200, 4.7).</summary>
    NoNextHeader = 59,

    /// <summary>IPv6 destination options (RFC 8200, 4.6).</summary>
    DestinationOptions = 60,

    /// <summary>Protocol Independent Multicast (RFC 7761).</summary>
    Pim = 103,
}
