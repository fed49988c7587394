using Fabric.Interop.Tests.Peers;
using Fabric.Routing;
using Fabric.Routing.Rib;
using Fabric.Routing.Rip;

namespace Fabric.Interop.Tests.Rip;

/// <summary>What RIP sends as Wireshark reads it: nothing malformed, and everything as it was meant.</summary>
public sealed class TsharkTests
{
    private static readonly RipInterfaceOptions On = new() { Enabled = true };
    private static readonly RipOptions Options = new() { Interface = On, Redistribute = new Redistribution([new RedistributionRule(RouteSource.Static)]) };

    [SkippableFact]
    public void VersionTwo()
    {
        string[][] read = Tshark.ReadAll(RecordingHost.Record(Options), "ip.dst", "ip.ttl", "udp.checksum.status", "rip.command", "rip.version", "rip.ip", "rip.route_tag", "rip.next_hop", "rip.metric");
        Assert.All(read, line => Assert.Equal(("224.0.0.9", "1", "", "2", ""), (line[0], line[1], line[9], line[4], line[9])));
        Assert.Equal(("1", "16"), (read[0][3], read[0][8]));
        Assert.Equal(Enumerable.Range(0, 60).Select(i => $"172.{16 + i}.0.0").Append("10.0.0.0").Order(), read.Where(line => line[3] == "2").Take(3).SelectMany(line => line[5].Split(',')).Order());
        string[] first = read.First(line => line[3] == "2");
        Assert.Equal(25, first[5].Split(',').Length);
        Assert.Contains("10.0.0.44", first[7], StringComparison.Ordinal);
        Assert.Contains("9", first[6].Split(','));
    }

    [SkippableFact]
    public void VersionOne()
    {
        string[][] read = Tshark.ReadAll(RecordingHost.Record(Options with { Interface = On with { Send = RipVersions.V1 } }), "ip.dst", "rip.command", "rip.version", "rip.ip", "rip.metric");
        Assert.All(read, line => Assert.Equal(("10.0.0.255", "1", ""), (line[0], line[2], line[5])));
        Assert.Contains("172.20.0.0", read.First(line => line[1] == "2")[3], StringComparison.Ordinal);
    }

    [SkippableTheory]
    [InlineData(RipAlgorithm.Password)]
    [InlineData(RipAlgorithm.KeyedMd5)]
    public void Authentication(RipAlgorithm algorithm)
    {
        RipKey key = new() { Id = 9, Algorithm = algorithm, Secret = "secret"u8.ToArray() };
        string[][] read = Tshark.ReadAll(
            RecordingHost.Record(Options with { Interface = On with { Keys = [key] } }), "rip.auth.type", "rip.auth.passwd", "rip.key_id", "rip.auth_data_len", "rip.digest_offset", "rip.ip");
        Assert.All(read, line => Assert.Equal((algorithm == RipAlgorithm.Password ? "2" : "3", ""), (line[0], line[6])));
        Assert.Equal(algorithm == RipAlgorithm.Password ? ("secret", "", "") : ("", "9", "16"), (read[1][1], read[1][2], read[1][3]));
        if (algorithm == RipAlgorithm.KeyedMd5)
            Assert.Equal(["44", "484"], read.Take(2).Select(line => line[4]));
    }

    [SkippableFact]
    public void Ng()
    {
        string[][] read = Tshark.ReadAll(
            RecordingHost.Record(Options with { IsNg = true }), "ipv6.src", "ipv6.dst", "ipv6.hlim", "ripng.cmd", "ripng.version", "ripng.rte.ipv6_prefix", "ripng.rte.prefix_length", "ripng.rte.metric");
        Assert.All(read, line => Assert.Equal(("fe80::1", "ff02::9", "255", "1", ""), (line[0], line[1], line[2], line[4], line[8])));
        string[] update = read.First(line => line[3] == "2");
        // Sixty routes, the link's network, six next hops and six returns to none.
        Assert.InRange(update[5].Split(',').Length, 61 + 11, 61 + 13);
        Assert.Contains("2001:db8:3b::", update[5], StringComparison.Ordinal);
        Assert.Contains("fe80::44", update[5], StringComparison.Ordinal);
    }
}
