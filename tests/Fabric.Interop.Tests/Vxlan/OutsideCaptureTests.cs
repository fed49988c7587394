using System.Diagnostics;
using System.IO.Pipelines;
using Fabric.Interop.Tests.Peers;
using Fabric.Link;
using Fabric.Link.Capture;

namespace Fabric.Interop.Tests.Vxlan;

/// <summary>A capture outside the tunnel against the wire itself, by Wireshark's reading of both.</summary>
public sealed class OutsideCaptureTests : IDisposable
{
    private const int Vni = 4242;
    private static readonly string[] s_checks = ["-o", "ip.check_checksum:TRUE", "-o", "udp.check_checksum:TRUE", "-o", "tcp.check_checksum:TRUE", "-o", "tcp.desegment_tcp_streams:FALSE"];
    private readonly string _wireFile = Path.GetTempFileName();
    private readonly string _ourFile = Path.GetTempFileName();

    public void Dispose()
    {
        File.Delete(_wireFile);
        File.Delete(_ourFile);
    }

    [SkippableTheory]
    [InlineData("10.7.0.1", "10.7.0.2", "10.7.0.9", 24)]
    [InlineData("2001:db8:7::1", "2001:db8:7::2", "2001:db8:7::9", 64)]
    public async Task It_shows_the_packets_that_pass_the_wire_and_why_some_are_refused(string ours, string theirs, string stranger, int prefix)
    {
        HostTool.Need("tshark", "tshark");
        HostTool.Need("tcpdump", "tcpdump");
        HostTool.Need("iperf3", "iperf3");
        HostTool.Need("perl", "perl");
        using Underlay wire = new(ours, theirs, prefix);
        wire.FinishChecksums();
        KernelEnd.Make(wire.Far, Vni, ours, theirs, "10.9.0.2/24");
        using TunnelSite site = new(wire.Near, ours, Vni);
        site.AddRemote(theirs);
        TestNamespace host = site.AddHost("10.9.0.1/24");
        HostTool.Await("the first answer", 10, () => Transfer.Answers(host, "10.9.0.2") ? null : site.Describe());

        using Process dump = Dump(wire.Near, ours.Contains(':', StringComparison.Ordinal));
        using CaptureSession session = new(new CaptureOptions(), TimeProvider.System);
        session.Announce(site.Segment);
        site.Vtep.Outside.Observers.Add(session);
        await using FileStream stream = new(_ourFile, FileMode.Create);
        PipeWriter writer = PipeWriter.Create(stream);
        Task<bool> drained = new CaptureDrain(session, writer).RunAsync(CancellationToken.None);
        Assert.True(Transfer.Answers(host, "10.9.0.2", 4000) && Transfer.Answers(wire.Far, "10.9.0.1", 4000), site.Describe());
        Transfer.Tcp(wire.Far, host, "10.9.0.2", 4, reverse: false);
        Transfer.Tcp(wire.Far, host, "10.9.0.2", 4, reverse: true);
        wire.Far.Ip(["addr", "add", $"{stranger}/{prefix}", "dev", "under", .. ours.Contains(':', StringComparison.Ordinal) ? (string[])["nodad"] : []]);
        Refuse(wire.Far, ours, theirs, stranger);
        HostTool.Await("the refused packets", 10, () => site.Vtep.Receiver.Counters.ReceiveDrops(DropReason.UnknownSegment) + site.Segment.Counters.ReceiveDrops(DropReason.BadPeer) >= 2 ? null : site.Describe());
        HostTool.Await("the last packets in the other file", 10, () => File.ReadAllBytes(_wireFile).AsSpan().Count("hello"u8) == 3 ? null : "are not there");
        site.Vtep.Outside.Observers.Remove(session);
        session.End();
        await drained;
        await writer.CompleteAsync();
        HostTool.Expect("kill", "-TERM", $"{dump.Id}");
        await dump.WaitForExitAsync();
        Assert.Equal(0, session.Lost);
        Compare(ours.Contains(':', StringComparison.Ordinal));
    }

    /// <summary>Sends what is to be dropped: an unknown segment, a stranger, a cut frame, no VXLAN at all.</summary>
    private static void Refuse(TestNamespace far, string ours, string theirs, string stranger)
    {
        (string From, string Packet)[] packets =
        [
            (theirs, "\\x08\\0\\0\\0\\0\\0\\x07\\0\\x02\\0\\0\\0\\0\\x01\\x02\\0\\0\\0\\0\\x02\\x88\\xb5hello"),
            (theirs, "\\x08\\0\\0\\0\\0\\x10\\x92\\0short"),
            (theirs, "\\0\\0\\0\\0\\0\\x10\\x92\\0\\x02\\0\\0\\0\\0\\x01\\x02\\0\\0\\0\\0\\x02\\x88\\xb5hello"),
            (stranger, "\\x08\\0\\0\\0\\0\\x10\\x92\\0\\x02\\0\\0\\0\\0\\x01\\x02\\0\\0\\0\\0\\x02\\x88\\xb5hello"),
        ];
        foreach ((string from, string packet) in packets)
        {
            // A socket of Perl is bound to an address, which one of bash is not.
            string script = "use Socket qw(:all); my $f = $ARGV[0] =~ /:/ ? AF_INET6 : AF_INET; my $p = eval \"\\\"$ARGV[2]\\\"\";"
                + "my $a = sub { $f == AF_INET6 ? pack_sockaddr_in6($_[1], inet_pton($f, $_[0])) : pack_sockaddr_in($_[1], inet_pton($f, $_[0])) };"
                + "socket(S, $f, SOCK_DGRAM, 0); bind(S, $a->($ARGV[0], 0)) or die $!; send(S, $p, 0, $a->($ARGV[1], 4789)) or die $!;";
            far.Expect("perl", "-e", script, from, ours, packet);
        }
    }

    private Process Dump(TestNamespace near, bool isV6)
    {
        // Each place of its ring has room for the longest packet that it is told of, so that is short.
        Process dump = HostTool.Start("ip", "netns", "exec", near.Name, "tcpdump", "-Z", "root", "-U", "--immediate-mode", "-s", "2048", "-B", "65536", "-i", "under", "-w", _wireFile, isV6 ? "ip6 and udp dst port 4789" : "udp dst port 4789");
        while (dump.StandardError.ReadLine() is { } line && !line.Contains("listening", StringComparison.Ordinal))
        {
        }

        return dump;
    }

    private void Compare(bool isV6)
    {
        string[] fields = isV6 ? ["ipv6.src", "ipv6.dst", "ipv6.hlim", "ipv6.plen"] : ["ip.src", "ip.dst", "ip.ttl", "ip.len"];
        string[] wire = Read(_wireFile, [.. fields, "udp.srcport", "udp.dstport", "udp.length", "udp.checksum", "vxlan.vni"]);
        string[] ours = Read(_ourFile, [.. fields, "udp.srcport", "udp.dstport", "udp.length", "udp.checksum", "vxlan.vni"]);
        Assert.True(wire.Length > 1000, $"{wire.Length} packets");
        // What the two threads saw at the same moment may stand in either order.
        string difference = Difference(wire, ours);
        Assert.True(difference.Length == 0, difference);
        string[] refused = Read(_ourFile, ["frame.interface_name", "frame.comment"], "-Y", "frame.comment");
        Assert.Equal(
            [
                "dropped: a segment that this end does not have",
                "dropped: it comes from an address that is no peer's",
                "dropped: no valid tunnel header",
                "dropped: shorter than an Ethernet header",
            ], refused.Select(line => line.Split(';')[1]).Order(StringComparer.Ordinal));
        Assert.Empty(HostTool.ExpectOutput(["tshark", "-r", _ourFile, .. s_checks, "-Y", $"!frame.comment && (udp.checksum.status != 1 || {Tshark.Unsound})"]));
    }

    /// <summary>What only one of the two has seen. The wire is watched from a moment before to a moment after.</summary>
    private static string Difference(string[] wire, string[] ours)
    {
        const int Edge = 16;
        Dictionary<string, int> counts = [];
        foreach (string packet in wire)
            counts[packet] = counts.GetValueOrDefault(packet) + 1;
        foreach (string packet in ours)
            counts[packet] = counts.GetValueOrDefault(packet) - 1;
        HashSet<string> edges = [.. wire.Take(Edge), .. wire.TakeLast(Edge)];
        return string.Join('\n', counts.Where(item => item.Value < 0 || (item.Value > 0 && !edges.Contains(item.Key)))
            .Select(item => $"{(item.Value > 0 ? "only on the wire" : "only in the capture")}: {item.Key}"));
    }

    private static string[] Read(string file, string[] fields, params string[] more) =>
        HostTool.ExpectOutput(["tshark", "-r", file, .. more, "-T", "fields", "-E", "occurrence=f", "-E", "separator=;", .. fields.SelectMany(field => (string[])["-e", field])]).TrimEnd('\n').Split('\n');
}
