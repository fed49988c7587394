namespace Fabric.Link.Tests.Capture;

/// <summary>Expressions put together by chance from what the language has.</summary>
internal sealed class RandomExpression(Random random)
{
    private static readonly string[] Directions = ["", "src ", "dst ", "src or dst ", "src and dst "];
    private static readonly string[] Comparisons = ["=", "!=", "<", ">", "<=", ">="];
    private static readonly string[] Headers = ["ether", "ip", "ip6", "arp", "tcp", "udp", "icmp", "icmp6", "igmp"];

    public string Next(int depth = 0)
    {
        if (depth > 3 || random.Next(3) == 0)
            return Primitive();
        return random.Next(5) switch
        {
            0 => "not " + Bracketed(depth),
            1 => $"{Bracketed(depth)} or {Bracketed(depth)} and {Bracketed(depth)}",
            2 or 3 => $"{Bracketed(depth)} and {Bracketed(depth)}",
            _ => $"{Bracketed(depth)} or {Bracketed(depth)}",
        };
    }

    private string Bracketed(int depth) => random.Next(2) == 0 ? $"({Next(depth + 1)})" : Primitive();

    private string Primitive() => random.Next(12) switch
    {
        0 => Pick("ip", "ip6", "arp", "tcp", "udp", "icmp", "icmp6", "igmp", "sctp", "stp", "llc", "broadcast", "multicast", "ip multicast", "ip6 multicast"),
        1 => $"{Pick("", "ip ", "arp ")}{Pick(Directions)}host {Pick("10.0.0.1", "10.0.0.2", "10.1.2.3", "192.168.1.1", "224.0.0.9")}",
        2 => $"{Pick(Directions)}net {Pick("10.0.0.0/8", "10.1", "192.168.0.0/16", "224.0.0.0/4", "172.16.0.0 mask 255.240.0.0", "2001:db8::/32", "fe80::/10")}",
        3 => $"{Pick(Directions)}host {Pick("fe80::1", "2001:db8::1", "ff02::1")}",
        4 or 5 => $"{Pick("", "tcp ", "udp ", "sctp ")}{Pick(Directions)}port {Pick("22", "53", "80", "443", "40000")}{Pick("", "", " or 443", " and not 22")}",
        6 => $"{Pick("", "tcp ", "udp ")}{Pick(Directions)}portrange {Pick("0-1023", "6000-6010", "40000-65535")}",
        7 => $"ether {Pick(Directions)}host 02:00:00:00:00:0{random.Next(1, 4)}",
        8 => $"{Pick("ip ", "ip6 ", "")}proto {Pick("6", "17", "1", "58", "44", "0")}",
        9 => $"{Pick("less", "greater")} {random.Next(50, 120)}",
        10 => $"{Quantity(0)} {Pick(Comparisons)} {(random.Next(3) == 0 ? Quantity(0) : $"{random.Next(256)}")}",
        _ => Pick("vlan", "vlan 100", "vlan 200", "ether proto 0x0806", "tcp[tcpflags] & (tcp-syn|tcp-ack) != 0", "ip[6:2] & 0x1fff = 0"),
    };

    private string Quantity(int depth)
    {
        string bytes = $"{Pick(Headers)}[{(depth < 1 && random.Next(6) == 0 ? Quantity(depth + 1) : $"{random.Next(24)}")}{Pick("", ":1", ":2", ":4")}]";
        return random.Next(depth > 1 ? 2 : 5) switch
        {
            0 => bytes,
            1 => Pick("len", bytes),
            2 => $"({bytes} {Pick("&", "|", "+", "-", "*", "<<", ">>")} {random.Next(32)})",
            3 => $"{bytes} {Pick("/", "%")} {random.Next(1, 20)}",
            _ => $"{bytes} & 0x{random.Next(256):x}",
        };
    }

    private string Pick(params string[] words) => words[random.Next(words.Length)];
}
