namespace Fabric.Link.Capture.Filtering;

/// <summary>The names a filter knows: protocols, services, and constants for use between brackets.</summary>
internal static class FilterVocabulary
{
    /// <summary>Words that may stand before <c>host</c>, <c>port</c> and their like, or alone.</summary>
    internal static readonly HashSet<string> Protocols =
    [
        "ether", "link", "ip", "ip6", "arp", "rarp", "tcp", "udp", "sctp", "icmp", "icmp6", "igmp", "igrp", "pim", "vrrp", "carp", "ah", "esp", "stp", "iso",
    ];

    /// <summary>Words that can begin a condition, for hints.</summary>
    internal static readonly string[] Primitives =
    [
        .. Protocols, "src", "dst", "host", "net", "port", "portrange", "proto", "broadcast", "multicast", "less", "greater", "vlan", "llc", "inbound", "outbound", "len",
    ];

    /// <summary>Protocol numbers of IP by name (IANA).</summary>
    internal static readonly Dictionary<string, uint> IpProtocols = new()
    {
        ["icmp"] = 1, ["igmp"] = 2, ["tcp"] = 6, ["igrp"] = 9, ["udp"] = 17, ["esp"] = 50, ["ah"] = 51, ["icmp6"] = 58, ["ipv6-icmp"] = 58, ["ospf"] = 89,
        ["pim"] = 103, ["vrrp"] = 112, ["carp"] = 112, ["sctp"] = 132, ["gre"] = 47, ["ipip"] = 4, ["ipv6"] = 41,
    };

    /// <summary>Ethernet types by name; those up to 1500 are LLC service access points.</summary>
    internal static readonly Dictionary<string, uint> EtherTypes = new()
    {
        ["ip"] = 0x0800, ["arp"] = 0x0806, ["rarp"] = 0x8035, ["ip6"] = 0x86DD, ["loopback"] = 0x9000, ["stp"] = 0x42, ["iso"] = 0xFE, ["lldp"] = 0x88CC,
    };

    /// <summary>Well-known ports (IANA), with the protocol when only one has it.</summary>
    internal static readonly Dictionary<string, (uint Port, string? Protocol)> Services = new()
    {
        ["ftp"] = (21, "tcp"), ["ssh"] = (22, "tcp"), ["telnet"] = (23, "tcp"), ["smtp"] = (25, "tcp"), ["domain"] = (53, null), ["bootps"] = (67, "udp"),
        ["bootpc"] = (68, "udp"), ["tftp"] = (69, "udp"), ["http"] = (80, "tcp"), ["pop3"] = (110, "tcp"), ["ntp"] = (123, "udp"), ["imap2"] = (143, "tcp"),
        ["snmp"] = (161, null), ["bgp"] = (179, "tcp"), ["ldap"] = (389, null), ["https"] = (443, null), ["syslog"] = (514, "udp"), ["route"] = (520, "udp"),
        ["dhcpv6-client"] = (546, "udp"), ["dhcpv6-server"] = (547, "udp"), ["nbd"] = (10809, "tcp"), ["vxlan"] = (4789, "udp"), ["mdns"] = (5353, "udp"),
    };

    /// <summary>Names for offsets and values in expressions such as <c>tcp[tcpflags] &amp; tcp-syn</c>.</summary>
    internal static readonly Dictionary<string, uint> Constants = new()
    {
        ["tcpflags"] = 13, ["tcp-fin"] = 1, ["tcp-syn"] = 2, ["tcp-rst"] = 4, ["tcp-push"] = 8, ["tcp-ack"] = 16, ["tcp-urg"] = 32, ["tcp-ece"] = 64, ["tcp-cwr"] = 128,
        ["icmptype"] = 0, ["icmpcode"] = 1, ["icmp-echoreply"] = 0, ["icmp-unreach"] = 3, ["icmp-sourcequench"] = 4, ["icmp-redirect"] = 5, ["icmp-echo"] = 8,
        ["icmp-routeradvert"] = 9, ["icmp-routersolicit"] = 10, ["icmp-timxceed"] = 11, ["icmp-paramprob"] = 12, ["icmp-tstamp"] = 13, ["icmp-tstampreply"] = 14,
        ["icmp-ireq"] = 15, ["icmp-ireqreply"] = 16, ["icmp-maskreq"] = 17, ["icmp-maskreply"] = 18,
        ["icmp6type"] = 0, ["icmp6code"] = 1, ["icmp6-destinationunreach"] = 1, ["icmp6-packettoobig"] = 2, ["icmp6-timeexceeded"] = 3,
        ["icmp6-parameterproblem"] = 4, ["icmp6-echo"] = 128, ["icmp6-echoreply"] = 129, ["icmp6-multicastlistenerquery"] = 130,
        ["icmp6-multicastlistenerreportv1"] = 131, ["icmp6-multicastlistenerdone"] = 132, ["icmp6-routersolicit"] = 133, ["icmp6-routeradvert"] = 134,
        ["icmp6-neighborsolicit"] = 135, ["icmp6-neighboradvert"] = 136, ["icmp6-redirect"] = 137, ["icmp6-multicastlistenerreportv2"] = 143,
    };
}
