namespace Fabric.Link.Capture.Decoding;

/// <summary>Names of what can stand behind an IP header (IANA).</summary>
internal static class IpNames
{
    internal static string Of(byte protocol) => protocol switch
    {
        0 => "hop-by-hop",
        1 => "ICMP",
        2 => "IGMP",
        4 => "IPIP",
        6 => "TCP",
        17 => "UDP",
        41 => "IPv6",
        43 => "routing header",
        44 => "fragment",
        47 => "GRE",
        50 => "ESP",
        51 => "AH",
        58 => "ICMP6",
        59 => "no next header",
        60 => "destination options",
        89 => "OSPF",
        103 => "PIM",
        112 => "VRRP",
        132 => "SCTP",
        _ => $"protocol {protocol}",
    };
}
