using System.Diagnostics;
using System.Globalization;
using Fabric.Interop.Tests.Peers;
using Fabric.Overlay.Underlays;
using Fabric.Wire;

namespace Fabric.Interop.Tests.Vxlan;

/// <summary>What stands on the wire between the ends, by Wireshark's reading.</summary>
public sealed class TunnelPacketTests
{
    private const int Vni = 0xABCDEF;
    private static readonly string[] Statuses = ["ip.checksum.status", "udp.checksum.status", "tcp.checksum.status", "icmp.checksum.status"];

    [SkippableTheory]
    [InlineData("10.7.0.1", "10.7.0.2", 24)]
    [InlineData("2001:db8:7::1", "2001:db8:7::2", 64)]
    public void Every_packet_is_well_formed_with_right_checksums(string ours, string theirs, int prefix)
    {
        HostTool.Need("tshark", "tshark");
        HostTool.Need("tcpdump", "tcpdump");
        HostTool.Need("iperf3", "iperf3");
        using Underlay wire = new(ours, theirs, prefix);
        wire.FinishChecksums();
        KernelEnd.Make(wire.Far, Vni, ours, theirs, "10.9.0.2/24");
        UdpUnderlayOptions options = new(IpAddress.AnyV4) { TimeToLive = 17, DifferentiatedServices = 46 };
        using TunnelSite site = new(wire.Near, ours, Vni, options);
        site.AddRemote(theirs);
        TestNamespace host = site.AddHost("10.9.0.1/24");
        string file = Path.GetTempFileName();
        try
        {
            using (Process capture = HostTool.Start("ip", "netns", "exec", wire.Near.Name, "tcpdump", "-Z", "root", "-U", "-s", "0", "-B", "65536", "-i", "under", "-w", file, $"src host {ours} and udp dst port 4789"))
            {
                while (capture.StandardError.ReadLine() is { } line && !line.Contains("listening", StringComparison.Ordinal))
                {
                }

                HostTool.Await("the first answer", 10, () => Transfer.Answers(host, "10.9.0.2") ? null : site.Describe());
                Assert.True(Transfer.Answers(host, "10.9.0.2", 65000), site.Describe());
                Transfer.Tcp(wire.Far, host, "10.9.0.2", 8, reverse: false);
                HostTool.Expect("kill", "-TERM", $"{capture.Id}");
                capture.WaitForExit();
            }

            Judge(file, ours.Contains(':', StringComparison.Ordinal));
        }
        finally
        {
            File.Delete(file);
        }
    }

    private static void Judge(string file, bool isV6)
    {
        string[] fields = ["vxlan.vni", "udp.srcport", isV6 ? "ipv6.hlim" : "ip.ttl", isV6 ? "ipv6.tclass.dscp" : "ip.dsfield.dscp", "_ws.malformed", "udp.checksum.status", "frame.protocols"];
        string[] command = ["tshark", "-r", file, "-o", "ip.check_checksum:TRUE", "-o", "udp.check_checksum:TRUE", "-o", "tcp.check_checksum:TRUE",
            "-T", "fields", "-E", "separator=;", .. fields.SelectMany(field => (string[])["-e", field])];
        string[] packets = HostTool.ExpectOutput(command).TrimEnd('\n').Split('\n');
        Assert.True(packets.Length > 1000, $"{packets.Length} packets");
        HashSet<int> sources = [];
        foreach (string packet in packets)
        {
            string[] values = packet.Split(';');
            Assert.Equal($"{Vni}", values[0]);
            int source = int.Parse(values[1].Split(',')[0], CultureInfo.InvariantCulture);
            Assert.InRange(source, 49152, 65535);
            sources.Add(source);
            Assert.Equal("17", values[2].Split(',')[0]);
            Assert.Equal("46", values[3].Split(',')[0]);
            Assert.Equal("", values[4]);
            Assert.Contains(":vxlan:eth", values[6], StringComparison.Ordinal);

            // 0 is Wireshark's "Bad", 1 "Good".
            Assert.StartsWith("1", values[5], StringComparison.Ordinal);
        }

        // Pings, ARP and the connections of iperf3 are flows of their own.
        Assert.True(sources.Count > 1);
        foreach (string status in Statuses)
            Assert.Empty(HostTool.ExpectOutput("tshark", "-r", file, "-o", "ip.check_checksum:TRUE", "-o", "udp.check_checksum:TRUE", "-o", "tcp.check_checksum:TRUE", "-Y", $"{status} == 0 || _ws.malformed"));
    }
}
