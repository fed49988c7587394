using Fabric.Link.Capture.Filtering;
using Fabric.TestKit;

namespace Fabric.Link.Tests.Capture;

/// <summary>A filter chooses exactly the frames that tcpdump chooses from the same file.</summary>
public sealed class FilterJudgeTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("fab-").FullName;

    public static readonly string[] Expressions =
    [
        "ip", "ip6", "arp", "rarp", "tcp", "udp", "icmp", "icmp6", "igmp", "sctp", "stp", "iso", "llc", "esp", "ah", "pim",
        "not ip", "not tcp", "ip or arp", "ip and not udp", "tcp or udp and ip6", "not (tcp or udp)", "!(ip || ip6)", "not not ip",
        "host 10.0.0.1", "src host 10.0.0.1", "dst host 10.0.0.1", "src 10.0.0.1", "dst 10.0.0.2 or 10.1.2.3", "src or dst host 10.0.0.2",
        "src and dst host 10.0.0.1", "ip host 10.0.0.1", "arp host 10.0.0.1", "arp src host 10.0.0.1", "host 10.0.0.1 and not arp",
        "net 10.0.0.0/8", "net 10", "net 10.1", "src net 10.0.0.0/24", "dst net 192.168.0.0 mask 255.255.0.0", "net 0.0.0.0/0", "net 224.0.0.0/4", "host 10.0",
        "host fe80::1", "src host 2001:db8::1", "dst host ff02::1", "net 2001:db8::/32", "dst net ff00::/8", "ip6 host fe80::2", "net fe80::/10", "host fe80::1 or fe80::2",
        "port 80", "src port 80", "dst port 443", "tcp port 80", "udp port 53", "port 80 or 443", "tcp port 22 or 80 or udp port 5000", "sctp port 22",
        "port (80 or 443 or 22)", "not port 80 and not 443", "src and dst port 80", "dst port 53 and src port 40000", "ip6 and tcp port 80", "ip and port 80",
        "portrange 0-1023", "tcp portrange 6000-6010", "src portrange 6000-6010", "dst portrange 40000-65535", "udp portrange 6010-6000", "portrange 53",
        "ether host 02:00:00:00:00:01", "ether src 02:00:00:00:00:01", "ether dst 2:0:0:0:0:2", "ether src and dst 02-00-00-00-00-01", "ether host ff:ff:ff:ff:ff:ff",
        "broadcast", "multicast", "ether broadcast", "ether multicast", "ip multicast", "ip6 multicast", "multicast and not broadcast",
        "ether proto 0x0806", "ether proto 0x42", "ether proto 0x88cc", "ether proto \\ip", "ether proto 34525", "ip proto 6", "ip proto \\tcp", "ip6 proto 17", "proto 17", "ip6 proto 44",
        "ip6 proto 0", "proto \\udp", "ether proto 0xfe",
        "vlan", "vlan 100", "vlan 0", "vlan and ip", "vlan 100 and tcp port 80", "vlan and vlan", "vlan 100 and vlan 200 and ip", "not vlan", "vlan or ip", "ip or vlan",
        "vlan and not tcp", "not vlan and ip", "vlan 100 or vlan 200", "vlan and host 10.0.0.1", "vlan and ip6 and udp", "vlan and arp", "vlan and stp", "(vlan and ip) or arp",
        "vlan and ether src 02:00:00:00:00:01", "vlan and ip[8] < 32", "ip and vlan",
        "less 60", "greater 100", "less 100 and greater 60", "len > 700", "len <= 60", "len = 74", "len != 60", "greater 60 and not ip",
        "tcp[13] & 2 != 0", "tcp[tcpflags] & tcp-syn != 0", "tcp[tcpflags] & (tcp-syn|tcp-ack) = tcp-syn", "tcp[tcpflags] = 0x12", "tcp[0:2] = 80", "udp[4:2] > 50", "tcp[12] >> 4 > 5",
        "ip[0] & 0xf != 5", "ip[8] < 32", "ip[2:2] > 100", "ip[6:2] & 0x1fff = 0", "ip[6:2] & 0x3fff != 0", "ip[12:4] = 0x0a000001", "ip6[6] = 58", "ip6[7] > 128", "ip6[40] = 128",
        "ether[0] & 1 = 1", "ether[12:2] = 0x800", "ether[12:2] > 1500", "ether[60] = 0", "icmp[icmptype] = icmp-echo", "icmp[0] = 8 or icmp[0] = 0", "icmp6[icmp6type] = icmp6-echo", "icmp6[0] = 135", "igmp[0] = 0x16",
        "arp[6:2] = 1", "arp[7] == 2", "tcp[((tcp[12] & 0xf0) >> 2):4] = 0x47455420", "ip[2:2] - ((ip[0] & 0xf) << 2) - ((tcp[12] & 0xf0) >> 2) > 0", "ip[2:2] - (ip[0] & 0xf) * 4 >= 40",
        "tcp[tcp[12] / 16 * 4] > 100", "len - 14 > ip[2:2]", "ether[len - 1] = 0", "ip[9] = 6 and tcp[2:2] = 443", "not tcp[13] & 2 != 0", "tcp[20:4] = 0x020405b4", "ip[100] = 0 or arp", "not ip[100] = 0",
        "1 = ip[8] & 1", "(ip[8] & 1) = 1", "((ip[8])) > 3", "ip[8] + ip[9] > 70", "ip[8] % 2 = 0", "ip[8] ^ ip[9] > 20", "-1 > ip[8]", "ip[-1] = 0", "udp[-1] > 3", "ip[4:2] / ip[8] > 3",
        "tcp and (port 80 or port 443) and not host 10.0.0.1", "(host 10.0.0.1 and tcp port 80) or (host 10.0.0.2 and udp)", "ip and (src 10.0.0.1 or dst 10.0.0.2) and greater 60",
        "tcp src port 80 and dst host 10.0.0.2", "src host 10.0.0.1 and (dst port 80 or 443)", "not (ether broadcast or ether multicast) and ip", "tcp port http or https", "port domain", "udp port ntp",
        "llc and not stp", "ether proto 0x8100", "ip and not host 10.0.0.1 and not port 22", "icmp or icmp6 or arp", "arp or (net 10.0.0.0/8 and port 53)", "igrp", "vrrp", "proto 132", "ip[20:2] = 80",
    ];

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [SkippableFact]
    public void ChoosesWhatTcpdumpChooses()
    {
        Tools.Need("tcpdump");
        TrafficMix mix = new(new Random(TestSeed.Seed));
        List<SampleFrame> frames = [.. Enumerable.Range(0, TestSeed.Count(3000)).Select(_ => mix.Any())];
        string input = Path.Combine(_folder, "in.pcap");
        PcapFile.Write(input, frames);
        List<string> wrong = [];
        int chosen = 0;
        foreach (string expression in Expressions)
        {
            List<int> ours = Choose(frames, expression);
            chosen += ours.Count;
            if (Compare(input, frames, expression, ours) is { } difference)
                wrong.Add(difference);
        }

        Assert.True(wrong.Count == 0, $"seed {TestSeed.Seed}: {string.Join('\n', wrong)}");
        Assert.True(chosen > frames.Count, "the mix must have frames for the filters");
    }

    /// <summary>The same for expressions put together by chance.</summary>
    [SkippableFact]
    public void ChoosesWhatTcpdumpChoosesByExpressionsOfChance()
    {
        Tools.Need("tcpdump");
        Random random = new(TestSeed.Seed);
        TrafficMix mix = new(random);
        List<SampleFrame> frames = [.. Enumerable.Range(0, 1000).Select(_ => mix.Valid()).Select(frame => new SampleFrame(frame, frame.Length))];
        string input = Path.Combine(_folder, "in.pcap");
        PcapFile.Write(input, frames);
        RandomExpression expressions = new(random);
        for (int i = TestSeed.Count(40); i > 0; i--)
        {
            string expression = expressions.Next();
            string? difference = Compare(input, frames, expression, Choose(frames, expression));
            Assert.True(difference is null, $"seed {TestSeed.Seed}: {difference}");
        }
    }

    private static List<int> Choose(List<SampleFrame> frames, string expression)
    {
        FrameFilter filter = FrameFilter.Parse(expression);
        return [.. Enumerable.Range(0, frames.Count).Where(n => filter.Matches(frames[n].Bytes, frames[n].Length))];
    }

    /// <summary>Where a look goes beyond a frame's end, tcpdump itself chooses one way with its optimizer, which changes the order of looks
    /// and leaves some out, and the other way without it (-O): either is right.</summary>
    private string? Compare(string input, List<SampleFrame> frames, string expression, List<int> ours)
    {
        List<int> theirs = Ask(input, expression);
        if (ours.SequenceEqual(theirs))
            return null;
        List<int> plain = Ask(input, expression, "-O");
        int first = ours.Except(theirs).Except(plain).Concat(theirs.Intersect(plain).Except(ours)).DefaultIfEmpty(-1).Min();
        return first < 0 ? null : $"'{expression}': {ours.Count} frames, tcpdump {theirs.Count}; first difference {first}: {Convert.ToHexString(frames[first].Bytes)} of {frames[first].Length}";
    }

    private List<int> Ask(string input, string expression, params string[] options)
    {
        string output = Path.Combine(_folder, Guid.NewGuid().ToString("n"));
        (int code, _, string error) = Tools.Run("tcpdump", [.. options, "-n", "-Z", "root", "-r", input, "-w", output, "--", expression]);
        if (error.Contains("expression rejects all packets", StringComparison.Ordinal))
            return [];
        Assert.True(code == 0, $"tcpdump '{expression}' answered {code}: {error}");
        return PcapFile.ReadNumbers(output);
    }
}
