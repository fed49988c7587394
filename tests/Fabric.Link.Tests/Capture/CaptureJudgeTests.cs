using Fabric.Link.Capture;
using Fabric.Link.Capture.Filtering;
using Fabric.TestKit;
using Fabric.TestKit.Wire;

namespace Fabric.Link.Tests.Capture;

/// <summary>Capture files as Wireshark reads them.</summary>
public sealed class CaptureJudgeTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("fab-").FullName;

    private string Path => System.IO.Path.Combine(_folder, "capture.pcapng");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [SkippableFact]
    public async Task TsharkReadsBackWhatPassedAndFindsNothingMalformed()
    {
        Tools.Need("tshark");
        using CaptureBench bench = new(new CaptureOptions { Filter = FrameFilter.Parse("len > 0") });
        bench.Session.Announce(bench.Alice);
        bench.Session.Announce(bench.Bob);
        List<(string Port, FrameDirection Direction, byte[] Bytes, string? Comment)> expected = bench.ObserveMix(new Random(TestSeed.Seed), TestSeed.Count(60));
        await File.WriteAllBytesAsync(Path, await bench.EndAsync());
        Assert.Equal("", Tools.Expect("tshark", "-n", "-r", Path, "-Y", "_ws.malformed"));
        string[] lines = Fields("frame.interface_name", "frame.packet_flags_direction", "frame.len", "frame.comment");
        Assert.Equal(
            expected.Select(frame => $"{frame.Port}|{(frame.Direction == FrameDirection.Received ? "0x00000001" : "0x00000002")}|{frame.Bytes.Length}|{frame.Comment}"),
            lines);
        string bad = Tools.Expect("tshark", "-n", "-r", Path, "-o", "ip.check_checksum:TRUE", "-o", "tcp.check_checksum:TRUE", "-o", "udp.check_checksum:TRUE", "-Y", "ip.checksum.status==0 or tcp.checksum.status==0 or udp.checksum.status==0");
        Assert.Equal("", bad);
    }

    /// <summary>The numbers at the end: seen, and lost.</summary>
    [SkippableFact]
    public async Task CapinfosReadsTheStatistics()
    {
        Tools.Need("capinfos");
        using CaptureBench bench = new(new CaptureOptions { Filter = FrameFilter.Parse("udp"), SnapLength = 100 });
        bench.Observe(bench.Alice, FrameDirection.Received, [.. Enumerable.Repeat(new PacketRecipe { Udp = true, Payload = new byte[300] }.Build(), 5)]);
        bench.Observe(bench.Bob, FrameDirection.Received, new PacketRecipe().Build());
        await File.WriteAllBytesAsync(Path, await bench.EndAsync());
        string told = Tools.Expect("capinfos", Path);
        Assert.Contains("pcapng", told, StringComparison.Ordinal);
        Assert.Contains("Number of packets:   5", told, StringComparison.Ordinal);
        Assert.Contains("Name = alice.0", told, StringComparison.Ordinal);
        Assert.Contains("Name = bob.0", told, StringComparison.Ordinal);
        Assert.Contains("Filter string = udp", told, StringComparison.Ordinal);
        Assert.Contains("Time precision = nanoseconds (9)", told, StringComparison.Ordinal);
        Assert.Contains("Capture length = 100", told, StringComparison.Ordinal);
        Assert.Contains("Number of stat entries = 1", told, StringComparison.Ordinal);
    }

    /// <summary>A file cut off wherever the program was stopped between two blocks is a whole file.</summary>
    [SkippableFact]
    public async Task AFileIsValidAfterEveryBlock()
    {
        Tools.Need("capinfos");
        using CaptureBench bench = new();
        bench.ObserveMix(new Random(TestSeed.Seed), 1);
        byte[] file = await bench.EndAsync();
        PcapngReader reader = new(new MemoryStream(file));
        int length = 0;
        while (await reader.ReadAsync(CancellationToken.None))
        {
            length += reader.Block.Length;
            if (length > 1000 && length < file.Length)
                break;
        }

        await File.WriteAllBytesAsync(Path, file[..length]);
        Assert.Equal("", Tools.Run("tshark", "-n", "-r", Path, "-Y", "_ws.malformed").Output);
        Tools.Expect("capinfos", Path);
    }

    /// <summary>Checksums that a guest left to its network card are right in the file; cut super-frames are packets that fit a wire.</summary>
    [SkippableTheory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task UnfinishedFramesAreFinishedInTheFile(bool segment)
    {
        Tools.Need("tshark");
        using CaptureBench bench = new(new CaptureOptions { Segment = segment });
        int packets = 0;
        foreach (bool isV6 in (bool[])[false, true])
        {
            foreach (bool isUdp in (bool[])[false, true])
            {
                PacketRecipe small = new() { V6 = isV6, Udp = isUdp, Vlans = isUdp ? [5] : [], Payload = [1, 2, 3, 4, 5] };
                PacketRecipe large = small with { Payload = [.. Enumerable.Range(0, 10_001).Select(i => (byte)i)], TcpOptions = isUdp ? 0 : 4 };
                GsoType kind = isUdp ? GsoType.UdpL4 : isV6 ? GsoType.TcpV6 : GsoType.TcpV4;
                bench.Observe(bench.Alice, FrameDirection.Received, (small.Build(), Offload(small, GsoType.None)), (large.Build(), Offload(large, kind)));
                packets += segment ? 12 : 2;
            }
        }

        await File.WriteAllBytesAsync(Path, await bench.EndAsync());
        // Port numbers would make tshark take the payload for HTTP and DNS.
        string[] plain = ["-n", "-r", Path, "--disable-protocol", "dns", "--disable-protocol", "http", "-o", "ip.check_checksum:TRUE", "-o", "tcp.check_checksum:TRUE", "-o", "udp.check_checksum:TRUE"];
        string[] status = Tools.Expect("tshark", [.. plain, "-T", "fields", "-e", "tcp.checksum.status", "-e", "udp.checksum.status"]).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(packets, status.Length);
        Assert.All(status, line => Assert.Equal("1", line.Trim()));
        Assert.Equal("", Tools.Expect("tshark", [.. plain, "-Y", "_ws.malformed or ip.checksum.status == 0"]));
        Assert.Equal(segment, !Fields("frame.len").Any(length => int.Parse(length) > 1514));
    }

    private static FrameOffload Offload(PacketRecipe recipe, GsoType kind) => new()
    {
        Flags = OffloadFlags.NeedsChecksum,
        Gso = kind,
        GsoSize = (ushort)(kind == GsoType.None ? 0 : 1000),
        ChecksumStart = (ushort)recipe.TransportStart,
        ChecksumOffset = (ushort)(recipe.Udp ? 6 : 16),
    };

    private string[] Fields(params string[] names) => Tools.Expect("tshark", ["-n", "-r", Path, "-T", "fields", "-E", "separator=|", .. names.SelectMany(name => (string[])["-e", name])])
        .Split('\n', StringSplitOptions.RemoveEmptyEntries);
}
