using Fabric.Daemon.Composition;
using Fabric.Daemon.Control;
using Fabric.Wire;

namespace Fabric.Daemon.Tests;

/// <summary>Overlays whose tunnels start at routers of the topology, and go where RIP leads.</summary>
public sealed class UnderlayTests : IDisposable
{
    private const string Ring = """
        name: ring
        x-rip: &rip { redistribute: [connected], timers: { update: 1s } }
        switches: { lan-a: { subnet: 10.9.0.0/24 }, lan-b: { subnet: 10.9.0.0/24 } }
        hosts:
          a: { to: lan-a, address: 10.9.0.1, services: [echo] }
          b: { to: lan-b, address: 10.9.0.2, services: [echo] }
        overlays:
          blue-a: { vni: 100, mtu: 1450, to: lan-a, underlay: ra, remotes: 10.255.0.2 }
          blue-b: { vni: 100, mtu: 1450, to: lan-b, underlay: rb, remotes: 10.255.0.1 }
        routers:
          ra:
            loopback: 10.255.0.1
            interfaces: { b: { address: 10.0.12.1/30 }, c: { address: 10.0.13.1/30 } }
            rip: { <<: *rip, interfaces: [b, c] }
          rb:
            loopback: 10.255.0.2
            interfaces: { a: { address: 10.0.12.2/30 }, c: { address: 10.0.23.2/30 } }
            rip: { <<: *rip, interfaces: [a, c] }
          rc:
            interfaces: { a: { address: 10.0.13.2/30 MTU }, b: { address: 10.0.23.1/30 MTU } }
            rip: { <<: *rip, interfaces: [a, b] }
        links:
          - { a: ra.b, b: rb.a }
          - { a: ra.c, b: rc.a }
          - { a: rc.b, b: rb.c }
        """;

    private readonly Lab _lab = new();

    public void Dispose() => _lab.Dispose();

    [Fact]
    public async Task TunnelsBetweenRoutersGoWhereRipLeads()
    {
        await using RunningTopology ring = Load("");
        await ring.StartAsync(CancellationToken.None);
        await PingAsync(ring, 1);
        Assert.Equal((1450, "10.255.0.1"), (ring.Overlays("blue-a")[0].Mtu, ring.Overlays("blue-a")[0].Local));
        OverlayCheckReport[] checks = [.. await ring.CheckOverlaysAsync(null, CancellationToken.None)];
        Assert.Equal([("10.255.0.2", true), ("10.255.0.1", true)], checks.Select(check => (check.Ends[0].Address, check.Ends[0].IsMeasured)));
        Assert.All(checks, check => Assert.Equal((OverlayCheckVerdict.Enough, 1500), (check.Ends[0].Verdict, check.Ends[0].PathMtu)));

        // Super-frames are cut, and jumbo packets of the hosts fragmented by them before they come to the tunnel.
        Assert.True((await ring.PingAsync("a", new PingRequest("10.9.0.2") { Count = 3, IntervalMs = 10, Size = 8000 })).IsComplete);
        Assert.Null((await ring.FindHost("a").TransferAsync(IpAddress.FromV4(0x0A090002), 5_000_000)).Error);
        Assert.Null((await ring.FindHost("b").TransferAsync(IpAddress.FromV4(0x0A090001), 5_000_000)).Error);

        ring.SetLink("ra", "rb", up: false);
        await PingAsync(ring, 3);
        Assert.True(ring.RouterStatistics().Single(router => router.Router == "rc").Forwarded > 3);
        Assert.Null((await ring.FindHost("a").TransferAsync(IpAddress.FromV4(0x0A090002), 1_000_000)).Error);
        Assert.All(ring.Overlays(null), overlay => Assert.DoesNotContain("oversized", overlay.TransmitDrops.Keys));
    }

    [Fact]
    public async Task ANarrowLinkOnTheWayIsFoundOutAndTold()
    {
        await using RunningTopology ring = Load(", mtu: 1400");
        await ring.StartAsync(CancellationToken.None);
        await PingAsync(ring, 1);
        ring.SetLink("ra", "rb", up: false);
        await PingAsync(ring, 1);

        // rc tells ra what the cable to rb carries; nobody fragments.
        OverlayCheckEnd end = Assert.Single((await ring.CheckOverlaysAsync("blue-a", CancellationToken.None))[0].Ends);
        Assert.Equal((OverlayCheckVerdict.Short, true), (end.Verdict, end.IsMeasured));
        Assert.Matches("^the way to 10.255.0.2 carries 1[34].. bytes.* and packets of up to 1500 go there", end.Text);
        Assert.False((await ring.PingAsync("a", new PingRequest("10.9.0.2") { Count = 2, IntervalMs = 10, Size = 1400 })).IsComplete);
        Assert.Equal(1350, ring.Overlays("blue-a")[0].Mtu);
        Assert.True((await ring.PingAsync("a", new PingRequest("10.9.0.2") { Count = 2, IntervalMs = 10, Size = 1322 })).IsComplete);
    }

    [Fact]
    public async Task TunnelsDoNotGoThroughThemselves()
    {
        await using RunningTopology loop = _lab.Load("""
            name: loop
            switches: { lan-a: { subnet: 10.9.0.0/24 }, lan-b: { subnet: 10.9.0.0/24 } }
            hosts: { a: { to: lan-a, address: 10.9.0.1 }, b: { to: lan-b, address: 10.9.0.2 } }
            overlays:
              blue-a: { vni: 100, to: lan-a, underlay: ra, remotes: 10.255.0.2, learning: false }
              blue-b: { vni: 100, to: lan-b, underlay: rb, remotes: 10.255.0.1 }
            routers:
              ra: { loopback: 10.255.0.1, interfaces: { b: { address: 10.0.12.1/30 }, lan: { to: lan-a, address: 10.9.0.11 } }, routes: [{ to: 10.255.0.2/32, via: 10.9.0.12 }] }
              rb: { loopback: 10.255.0.2, interfaces: { a: { address: 10.0.12.2/30 }, lan: { to: lan-b, address: 10.9.0.12 } }, routes: [{ to: 10.255.0.1/32, via: 10.0.12.1 }] }
            links: [{ a: ra.b, b: rb.a }]
            """);
        await loop.StartAsync(CancellationToken.None);
        Assert.False((await loop.PingAsync("a", new PingRequest("10.9.0.2") { Count = 2, IntervalMs = 10 })).IsComplete);
        Assert.Equal(0, loop.Overlays("blue-a")[0].TransmittedFrames);
        Assert.True(loop.Overlays("blue-a")[0].TransmitDrops["linkDown"] > 0);
        Assert.True(loop.RouterStatistics().Single(router => router.Router == "ra").Originated < 100);
    }

    private RunningTopology Load(string mtu) => _lab.Load(Ring.Replace(" MTU", mtu, StringComparison.Ordinal));

    /// <summary>Pings until routes are there, and then without loss.</summary>
    private static async Task PingAsync(RunningTopology ring, int count)
    {
        for (int i = 0; i < 30 && !(await ring.PingAsync("a", new PingRequest("10.9.0.2") { Count = 1, IntervalMs = 100 })).IsComplete;)
            i++;
        Assert.True((await ring.PingAsync("a", new PingRequest("10.9.0.2") { Count = count, IntervalMs = 10 })).IsComplete);
    }
}
