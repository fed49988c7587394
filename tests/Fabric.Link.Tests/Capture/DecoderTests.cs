using Fabric.Link.Capture.Decoding;
using Fabric.Link.Capture.Filtering;
using Fabric.TestKit;
using Fabric.TestKit.Wire;

namespace Fabric.Link.Tests.Capture;

/// <summary>Frames in one line, as an engineer reads them.</summary>
public sealed class DecoderTests : IDisposable
{
    private const string Stations = "020000000002020000000001";
    private readonly string _folder = Directory.CreateTempSubdirectory("fab-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData(Stations + "0806" + "0001080006040001" + "0200000000010a000001" + "0000000000000a000002", "ARP, Request who-has 10.0.0.2 tell 10.0.0.1, length 28")]
    [InlineData(Stations + "0806" + "0001080006040002" + "0200000000010a000001" + "0200000000020a000002", "ARP, Reply 10.0.0.1 is-at 02:00:00:00:00:01, length 28")]
    [InlineData("0180c2000000020000000001" + "0027424203" + "00000202" + "3c" + "1000020000000001" + "00004e20" + "8000020000000002" + "8002" + "0100" + "1400" + "0200" + "0f00" + "00",
        "02:00:00:00:00:01 > 01:80:c2:00:00:00: STP 802.1w, Rapid, flags [learning, forwarding], role designated, root 1000.02:00:00:00:00:01 cost 20000, bridge 8000.02:00:00:00:00:02 port 8002, age 1s, max 20s, hello 2s, delay 15s, length 39")]
    [InlineData("0180c2000000020000000001" + "0007424203" + "00000080", "02:00:00:00:00:01 > 01:80:c2:00:00:00: STP 802.1D, topology change notification, length 7")]
    [InlineData("0180c2000002020000000001" + "8809" + "0101" + "0114ffff0200000000010001000100033d000000" + "02140000000000000000000000000000000000000310",
        "02:00:00:00:00:01 > 01:80:c2:00:00:02: LACPv1, actor ffff.02:00:00:00:00:01 key 1 port 0001.3 [active, aggregation, sync, collecting, distributing], partner 0000.00:00:00:00:00:00 key 0 port 0000.0 [none]")]
    [InlineData("0180c200000e020000000001" + "88cc" + "0207040200000000010403056531060200780a0373773100" + "00", "02:00:00:00:00:01 > 01:80:c2:00:00:0e: LLDP, chassis 02:00:00:00:00:01, port e1, ttl 120s, name sw1")]
    [InlineData(Stations + "810020640806" + "0001080006040001" + "0200000000010a000001" + "0000000000000a000002", "vlan 100 p 1, ARP, Request who-has 10.0.0.2 tell 10.0.0.1, length 28")]
    [InlineData(Stations + "88b5" + "0000", "02:00:00:00:00:01 > 02:00:00:00:00:02: ethertype 0x88b5, length 2")]
    [InlineData("0200", "[|ether], length 2")]
    [InlineData(Stations + "8100", "[|vlan], length 14")]
    public void LinkProtocols(string hex, string line) => Assert.Equal(line, Describe(Convert.FromHexString(hex)));

    [Theory]
    [InlineData(53, "1234010000010000000000000377777707657861" + "6d706c65036f72670000010001", "DNS 4660+ A? www.example.org., length 33")]
    [InlineData(53, "123481800001000200000000" + "0161026f720000010001" + "c00c00050001000000050004" + "0162c00e" + "c01a00010001000000050004" + "0a000001", "DNS 4660+ 2/0/0 CNAME b.or. A 10.0.0.1, length 54")]
    [InlineData(53, "123481830001000000000000" + "0161026f720000010001", "DNS 4660+ NXDomain 0/0/0, length 22")]
    [InlineData(53, "1234010000010000000000000c", "DNS 4660+ [|dns], length 13")]
    [InlineData(520, "02020000" + "00020000" + "0a000000" + "ff000000" + "00000000" + "00000003", "RIPv2 response, 1 entries [10.0.0.0/8 metric 3], length 24")]
    [InlineData(4789, "0800000000006400" + Stations + "0806" + "0001080006040001" + "0200000000010a000001" + "0000000000000a000002", "VXLAN vni 100: ARP, Request who-has 10.0.0.2 tell 10.0.0.1, length 28")]
    [InlineData(123, "230100e9", "NTPv4 client, stratum 1, length 4")]
    [InlineData(514, "3c33343e1b5b32486869", "syslog: <34>.[2Hhi, length 10")]
    public void Applications(int port, string hex, string line)
    {
        byte[] frame = new PacketRecipe { Udp = true, Payload = Convert.FromHexString(hex) }.Build();
        frame[36] = (byte)(port >> 8);
        frame[37] = (byte)port;
        Assert.Equal($"IP 192.0.2.1.4660 > 192.0.2.2.{port}: {line}", Describe(frame));
    }

    [Fact]
    public void HttpShowsItsFirstLine() => Assert.Equal(
        "IP 192.0.2.1.4660 > 192.0.2.2.80: Flags [P.], seq 1:25, ack 9, win 256, length 24: HTTP: GET /x HTTP/1.1",
        Describe(new PacketRecipe { Sequence = 1, TcpFlags = 0x18, Payload = [.. "GET /x HTTP/1.1\r\nHost: a"u8] }.Build()));

    [Fact]
    public void ErrorsTellWhichPacketTheyAreAbout()
    {
        byte[] inner = new PacketRecipe { Udp = true, Payload = [1] }.Build()[14..];
        byte[] icmp = [3, 3, 0, 0, 0, 0, 0, 0, .. inner];
        byte[] header = [0x45, 0, 0, (byte)(20 + icmp.Length), 0, 0, 0, 0, 64, 1, 0, 0, 192, 0, 2, 2, 192, 0, 2, 1];
        byte[] frame = [.. Convert.FromHexString(Stations), 8, 0, .. header, .. icmp];
        Assert.Equal("IP 192.0.2.2 > 192.0.2.1: ICMP port unreachable for 192.0.2.1 > 192.0.2.2 UDP 4660 > 53, length 37", Describe(frame));
    }

    [Fact]
    public void WhatIsCutIsToldWhereItIsCut()
    {
        byte[] frame = new PacketRecipe { Payload = new byte[100] }.Build();
        Assert.Equal("IP [|ip], length 140", FrameDecoder.Describe(frame.AsSpan(0, 20), frame.Length));
        Assert.Equal("IP 192.0.2.1 > 192.0.2.2: [|tcp], length 120", FrameDecoder.Describe(frame.AsSpan(0, 40), frame.Length));
        Assert.EndsWith("length 100", FrameDecoder.Describe(frame.AsSpan(0, 60), frame.Length), StringComparison.Ordinal);
    }

    /// <summary>TCP, UDP, ICMP and IGMP lines are tcpdump's own.</summary>
    [SkippableFact]
    public void TransportLinesAreTcpdumps()
    {
        Tools.Need("tcpdump");
        TrafficMix mix = new(new Random(TestSeed.Seed)) { IsQuiet = true };
        FrameFilter plain = FrameFilter.Parse("(ip and ip[6:2] & 0x3fff = 0 and (tcp or udp or icmp)) or (ip6 and (ip6[6] = 6 or ip6[6] = 17)) or (arp and arp[6:2] = 2)");
        List<SampleFrame> frames = [.. Enumerable.Range(0, TestSeed.Count(1500)).Select(_ => mix.Valid()).Where(frame => plain.Matches(frame, frame.Length)).Select(frame => new SampleFrame(frame, frame.Length))];
        string path = Path.Combine(_folder, "in.pcap");
        PcapFile.Write(path, frames);
        string[] theirs = Tools.Expect("tcpdump", "-n", "-S", "-t", "-Z", "root", "-r", path).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.True(frames.Count > 300, $"{frames.Count} frames are too few");
        Assert.Equal(theirs.Select(WithoutPadding), frames.Select(frame => WithoutPadding(Describe(frame.Bytes))));
    }

    /// <summary>Whatever bytes come, decoder and filters take them, and what they print is fit for a terminal. All of ten million:
    /// FABRIC_TEST_COUNT=10000000.</summary>
    [Fact]
    public void AnyBytesAreDescribedAndFiltered()
    {
        Random random = new(TestSeed.Seed);
        TrafficMix mix = new(random);
        FrameFilter[] filters = [.. FilterJudgeTests.Expressions.Select(FrameFilter.Parse)];
        byte[] noise = new byte[200];
        for (int i = TestSeed.Count(20_000); i > 0; i--)
        {
            ReadOnlySpan<byte> frame = Garbled(random, mix, noise, out int length);
            string line = FrameDecoder.Describe(frame, length, withAddresses: (i & 1) == 0);
            Assert.DoesNotContain(line, letter => letter is < ' ' or '\u007f');
            Assert.True(line.Length < 2000, line);
            filters[random.Next(filters.Length)].Matches(frame, length);
        }
    }

    private static ReadOnlySpan<byte> Garbled(Random random, TrafficMix mix, byte[] noise, out int length)
    {
        int[] types = [0x0800, 0x86DD, 0x0806, 0x8100, 0x8809, 0x88CC, 0x88A8, 0x0026];
        if (random.Next(4) != 0)
        {
            SampleFrame sample = mix.Any();
            length = random.Next(10) == 0 ? random.Next(70_000) : sample.Length;
            return sample.Bytes;
        }

        random.NextBytes(noise);
        int type = types[random.Next(types.Length)];
        noise[12] = (byte)(type >> 8);
        noise[13] = (byte)type;
        // Begin as that protocol does, so that the noise is met further in.
        noise[14] = type switch { 0x0800 => 0x45, 0x86DD => 0x60, 0x8809 => 1, 0x0026 => 0x42, _ => noise[14] };
        noise[15] = type == 0x0026 ? (byte)0x42 : noise[15];
        (byte[] v4, byte[] v6) = ([1, 2, 6, 17, 132], [0, 6, 17, 44, 58, 60]);
        if (type == 0x0800)
            (noise[16], noise[20], noise[23]) = (0, 0, v4[random.Next(v4.Length)]);
        if (type == 0x86DD)
            (noise[18], noise[20]) = (0, v6[random.Next(v6.Length)]);
        int[] ports = [53, 67, 123, 514, 520, 521, 547, 4789];
        noise[36] = (byte)(ports[random.Next(ports.Length)] >> 8);
        noise[37] = (byte)ports[random.Next(ports.Length)];
        length = noise.Length;
        return noise.AsSpan(0, random.Next(noise.Length + 1));
    }

    private static string Describe(byte[] frame) => FrameDecoder.Describe(frame, frame.Length);

    private static string WithoutPadding(string line) => line.StartsWith("ARP", StringComparison.Ordinal) ? line[..line.LastIndexOf(", length", StringComparison.Ordinal)] : line[(line.IndexOf("IP", StringComparison.Ordinal) is > 0 and var start ? start : 0)..];
}
