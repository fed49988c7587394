using System.IO.Pipelines;
using System.Net;
using System.Net.NetworkInformation;
using Fabric.Daemon.Composition;
using Fabric.Daemon.Control;
using Fabric.Link.Capture;
using Fabric.Link.Capture.Filtering;
using Fabric.Topology;

namespace Fabric.Daemon.Tests;

public sealed class RouterTests : IDisposable
{
    private readonly Lab _lab = new();

    public void Dispose() => _lab.Dispose();

    /// <summary>A host in a VLAN, a router on a stick, a link to another router, and a host plugged straight into that one.</summary>
    private const string Stick = """
        name: stick
        switches: { lan: }
        routers:
          r1:
            loopback: [10.255.0.1]
            interfaces:
              trunk: { to: lan, trunk: "10,20" }
              ten: { over: trunk, tag: 10, address: 10.0.10.1/24 }
              twenty: { over: trunk, tag: 20, address: 10.0.20.1/24 }
              east: { address: 10.0.12.1/30 }
            routes:
              - { to: 10.0.30.0/24, via: 10.0.12.2 }
              - { to: 10.0.40.0/24, via: 10.0.12.2, distance: 200, tag: 7 }
              - { to: 10.9.0.0/16, blackhole: true }
          r2:
            interfaces:
              west: { address: 10.0.12.2/30 }
              thirty: { address: 10.0.30.1/24 }
            routes: [{ to: 0.0.0.0/0, via: 10.0.12.1 }]
        links: [{ a: r1.east, b: r2.west }]
        hosts:
          h10: { to: lan, vlan: 10, address: 10.0.10.10/24, gateway: 10.0.10.1 }
          h20: { to: lan, vlan: 20, address: 10.0.20.20/24, gateway: 10.0.20.1 }
          h30: { to: r2.thirty, address: 10.0.30.30/24, gateway: r2 }
        """;

    [Fact]
    public async Task RoutersJoinVlansLinksAndWhatIsPluggedStraightIn()
    {
        await using RunningTopology topology = await StartAsync(Stick);

        Assert.True((await topology.PingAsync("h10", new PingRequest("h20") { Count = 2 })).IsComplete);
        Assert.True((await topology.PingAsync("h10", new PingRequest("h30") { Count = 2 })).IsComplete);
        Assert.True((await topology.PingAsync("h30", new PingRequest("r1") { Count = 2 })).IsComplete);
        RouterStatus status = topology.Status().Routers[0];
        Assert.Equal(["r1.trunk lan", "r1.ten r1.trunk", "r1.twenty r1.trunk", "r1.east r2.west"], status.Interfaces.Select(item => $"{item.Name} {item.To}"));
        Assert.Equal("h30", topology.Status().Routers[1].Interfaces[1].To);
        Assert.All(status.Interfaces, item => Assert.Equal("up", item.State));
        Assert.Contains(topology.Neighbors("r1"), entry => entry is { Interface: "r1.ten", Address: "10.0.10.10", Mac: not null });
    }

    [Fact]
    public async Task RoutesAreToldWithSourceDistanceAndNextHops()
    {
        await using RunningTopology topology = await StartAsync(Stick);

        RouteStatus[] routes = [.. topology.Routes("r1")];
        Assert.Equal(
            [
                "10.0.10.0/24 connected 0 unicast r1.ten ", "10.0.12.0/30 connected 0 unicast r1.east ", "10.0.20.0/24 connected 0 unicast r1.twenty ",
                "10.0.30.0/24 static 1 unicast r1.east 10.0.12.2", "10.0.40.0/24 static 200 unicast r1.east 10.0.12.2", "10.9.0.0/16 static 1 blackhole ", "10.255.0.1/32 connected 0 unicast r1.lo ",
            ],
            routes.Select(route => $"{route.Prefix} {route.Source} {route.Distance} {route.Kind} {string.Join(',', route.NextHops.Select(hop => $"{hop.Interface} {hop.Gateway}"))}"));
        Assert.All(routes, route => Assert.True(route.Selected && route.AgeSeconds >= 0));
        Assert.Equal(7, routes[4].Tag);
        DaemonException error = Assert.Throws<DaemonException>(() => topology.Routes("r9"));
        Assert.Equal("topology stick has no router 'r9'; did you mean r1?", error.Message);

        Assert.Equal(0, (await topology.PingAsync("h10", new PingRequest("10.9.1.1") { Count = 1 })).Received);
        RouterStatistics statistics = topology.RouterStatistics()[0];
        Assert.Equal(1, statistics.Drops["blackHole"]);
        Assert.Equal(["r1.trunk", "r1.east"], statistics.Ports.Select(port => port.Port));
    }

    [Fact]
    public async Task ACutLinkBetweenRoutersIsSeenAndMended()
    {
        await using RunningTopology topology = await StartAsync(Stick);

        LinkStatus cut = topology.SetLink("r2", "r1.east", up: false);
        Assert.Empty(cut.Switches);
        Assert.Equal(["r2", "r1"], cut.Routers.Select(router => router.Name));
        Assert.False((await topology.PingAsync("h10", new PingRequest("h30") { Count = 1 })).IsComplete);
        Assert.DoesNotContain(topology.Routes("r1"), route => route.Prefix == "10.0.12.0/30");
        topology.SetLink("r1", "r2", up: true);
        await ReachAsync(topology, "h10", "h30");

        topology.SetLink("lan", "r1", up: false);
        Assert.False((await topology.PingAsync("h10", new PingRequest("h20") { Count = 1 })).IsComplete);
        Assert.Equal("no link joins lan and r2; lan is linked with r1", Assert.Throws<DaemonException>(() => topology.SetLink("lan", "r2", up: true)).Message);
        Assert.Equal("topology stick has no switch or router 'r3'; did you mean r1?", Assert.Throws<DaemonException>(() => topology.SetLink("r3", "r2", up: true)).Message);
    }

    [Fact]
    public async Task AFloatingRouteTakesOverWhenTheTrackedOneIsLost()
    {
        await using RunningTopology topology = await StartAsync("""
            name: floating
            switches: { far: , near: }
            routers:
              r1:
                interfaces: { a: { to: far, address: 10.0.1.1/24 }, b: { to: near, address: 10.0.2.1/24 } }
                tracking: { interval: 200ms, misses: 2, answers: 1 }
                routes:
                  - { to: 10.9.0.0/24, via: 10.0.1.2, track: 10.0.1.2 }
                  - { to: 10.9.0.0/24, via: 10.0.2.2, distance: 200 }
              r2:
                loopback: [10.9.0.1/24]
                interfaces: { a: { to: far, address: 10.0.1.2/24 }, b: { to: near, address: 10.0.2.2/24 } }
                routes: [{ to: 0.0.0.0/0, via: 10.0.2.1 }]
            hosts:
              h: { to: near, address: 10.0.2.9/24, gateway: r1 }
            """);

        await UntilAsync(() => Gateway() == "10.0.1.2");
        // The cable of the other end: r1 sees nothing but that nobody answers.
        topology.SetLink("far", "r2.a", up: false);
        await UntilAsync(() => Gateway() == "10.0.2.2");
        Assert.True((await topology.PingAsync("h", new PingRequest("10.9.0.1") { Count = 2 })).IsComplete);

        string? Gateway() => topology.Routes("r1").Single(route => route.Prefix == "10.9.0.0/24").NextHops[0].Gateway;
    }

    [Fact]
    public async Task RoutersAdvertiseAndFilter()
    {
        await using RunningTopology topology = await StartAsync("""
            name: policy
            switches: { a: , b: }
            acls:
              no-echo-in: { otherwise: permit, rules: [{ action: reject, protocol: icmp, to: 10.2.0.9/32 }] }
            routers:
              r1:
                interfaces:
                  a: { to: a, address: 10.1.0.1/24, address6: fd01::1/64, filter-in: no-echo-in, reverse-path: strict }
                  b: { to: b, address: 10.2.0.1/24, address6: fd02::1/64 }
                advertise: { a: { interval: 4s }, b: }
            hosts:
              h1: { to: a, address: 10.1.0.9/24, gateway: r1, autoconfigure: true }
              h2: { to: b, address: 10.2.0.9/24, gateway: r1, autoconfigure: true }
              h3: { to: b, address: 10.2.0.10/24, gateway: r1 }
            """);

        await ReachAsync(topology, "h1", "10.2.0.10");
        Assert.False((await topology.PingAsync("h1", new PingRequest("h2") { Count = 1 })).IsComplete);
        Assert.True(topology.RouterStatistics()[0].Drops["accessDenied"] > 0);
        await UntilAsync(() => Formed("h1") is not null && Formed("h2") is not null);
        await ReachAsync(topology, "h1", Formed("h2")!.Split('/')[0]);

        string? Formed(string host) => topology.Status().Hosts.Single(item => item.Name == host).Addresses.FirstOrDefault(address => address.StartsWith("fd0", StringComparison.Ordinal));
    }

    [Fact]
    public async Task HostsGetTheirAddressesFromTheRouter()
    {
        await using RunningTopology topology = await StartAsync("""
            name: dhcp
            switches: { a: { mtu: 1400 } }
            routers:
              r1:
                interfaces: { a: { to: a, address: 10.1.0.1/24 }, b: { address: 10.2.0.1/24 } }
                dhcp: { a: { range: 10.1.0.100-10.1.0.101, lease: 10m, static: { fixed: 10.1.0.50 } } }
            hosts:
              moving: { to: a, dhcp: true }
              fixed: { to: a, dhcp: true }
              far: { to: r1.b, address: 10.2.0.9/24, gateway: r1 }
            """);

        await UntilAsync(() => topology.Status().Hosts.Take(2).All(host => host.Addresses.Count == 1));
        Assert.Equal(["10.1.0.100/24", "10.1.0.50/24"], topology.Status().Hosts.Take(2).Select(host => host.Addresses[0]));
        // The way to other networks was told too.
        await ReachAsync(topology, "moving", "far");
        Assert.Equal(["10.1.0.100 bound", "10.1.0.50 bound"], topology.Leases("r1").Select(lease => $"{lease.Address} {lease.State}").Order());
        Assert.All(topology.Leases("r1"), lease => Assert.InRange(lease.RemainingSeconds, 500, 600));
    }

    [Fact]
    public async Task TheFramesOfARoutersPortAreCaptured()
    {
        await using RunningTopology topology = await StartAsync(Stick);
        using RunningCapture link = topology.OpenCapture("r1.east", new CaptureOptions());
        using RunningCapture whole = topology.OpenCapture("r2", new CaptureOptions());
        using RunningCapture dropped = topology.OpenCapture("r1", new CaptureOptions { DropsOnly = true, Filter = FrameFilter.Parse("vlan and icmp and dst net 10.9.0.0/16") });

        Assert.True((await topology.PingAsync("h10", new PingRequest("h30") { Count = 3 })).IsComplete);

        Assert.InRange(link.Session.Seen, 6, 12);
        Assert.InRange(whole.Session.Seen, 12, 24);

        Assert.False((await topology.PingAsync("h10", new PingRequest("10.9.1.1") { Count = 2 })).IsComplete);
        Pipe file = new();
        dropped.Session.End();
        await new CaptureDrain(dropped.Session, file.Writer).RunAsync(CancellationToken.None);
        await file.Writer.CompleteAsync();
        PcapngReader reader = new(file.Reader.AsStream());
        List<string> told = [];
        while (await reader.ReadAsync(CancellationToken.None))
        {
            if (reader.TryGetFrame(out CapturedFrame frame))
                told.Add($"{frame.Port} {frame.Direction} {frame.Comment}");
        }

        Assert.Equal(Enumerable.Repeat("r1.trunk Received dropped: the route is a black hole", 2), told);
        using RunningCapture plugged = topology.OpenCapture("r2.thirty", new CaptureOptions());
        Assert.True((await topology.PingAsync("h30", new PingRequest("r2") { Count = 1 })).IsComplete);
        Assert.InRange(plugged.Session.Seen, 2, 6);
        Assert.Contains("no port, switch or router 'r1.wast'; did you mean r1.east?", Assert.Throws<DaemonException>(() => topology.OpenCapture("r1.wast", new CaptureOptions())).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task RipIsSpokenAndToldOf()
    {
        await using RunningTopology topology = await StartAsync("""
            name: rip
            switches: { a: , b: }
            prefix-lists: { lans: { rules: [{ action: permit, prefix: 10.0.0.0/8, at-least: 24, at-most: 24 }] } }
            routers:
              r1:
                interfaces: { a: { to: a, address: 10.1.0.1/24 }, up: { address: 10.0.0.1/30 } }
                routes: [{ to: 10.7.0.0/16, blackhole: true }, { to: 10.8.8.0/24, blackhole: true }]
                rip: &rip
                  interfaces: { up: { cost: 2, authentication: [{ type: hmac-sha-256, id: 4, secret: hush }] } }
                  passive: [a]
                  redistribute: { static: { metric: 3, tag: 9, filter: lans } }
                  timers: { update: 1s, jitter: 100ms, hold-off-least: 10ms, hold-off-most: 50ms }
              r2:
                interfaces: { a: { to: b, address: 10.2.0.1/24 }, up: { address: 10.0.0.2/30 } }
                rip: *rip
            links: [{ a: r1.up, b: r2.up }]
            hosts:
              h1: { to: a, address: 10.1.0.9/24, gateway: r1 }
              h2: { to: b, address: 10.2.0.9/24, gateway: r2 }
            """);

        await ReachAsync(topology, "h1", "h2");

        Assert.Equal(["10.1.0.0/24 3 0", "10.8.8.0/24 5 9"], topology.Routes("r2").Where(route => route.Source == "rip").Select(route => $"{route.Prefix} {route.Metric} {route.Tag}"));
        RipReport report = Assert.Single(topology.Rip("r2"));
        Assert.Equal(["r2.a passive none", "r2.up active hmac-sha-256"], report.Interfaces.OrderBy(item => item.Interface, StringComparer.Ordinal).Select(item => $"{item.Interface} {item.State} {item.Authentication}"));
        Assert.Equal("10.0.0.1", Assert.Single(report.Neighbors).Address);
        Assert.Contains(report.Routes, route => route is { Prefix: "10.1.0.0/24", Origin: "learned", Metric: 3, RemainingSeconds: > 0 });
        Assert.Contains(report.Routes, route => route is { Prefix: "10.2.0.0/24", Origin: "network", Metric: 1, RemainingSeconds: null });
    }

    [Fact]
    public async Task WhatTheFileSaysOfLimitsAndHostsIsDone()
    {
        await using RunningTopology topology = await StartAsync("""
            name: told
            switches: { a: }
            routers:
              r1:
                interfaces: { a: { to: a, address: 10.1.0.1/24, ipv6: false } }
                limits: { neighbors: 2 }
                dhcp: { a: { range: 10.1.0.100-10.1.0.110, mtu: 1400, routes: [{ to: 10.9.0.0/16, via: 10.1.0.2 }] } }
              r3:
                interfaces: { a: { to: a, address: 10.1.0.3/24, address6: fd01::3/64 } }
                advertise: { a: { interval: 4s, default-router: false } }
            hosts:
              h: { to: a, dhcp: true, autoconfigure: true }
              i: { to: a, address: 10.1.0.8/24 }
              j: { to: a, address: 10.1.0.9/24 }
            """);

        foreach (string host in (string[])["h", "i", "j"])
            await ReachAsync(topology, host, "10.1.0.1");
        Assert.Equal(2, topology.Neighbors("r1").Count);
        Assert.DoesNotContain(topology.Routes("r1"), route => route.Prefix.Contains(':', StringComparison.Ordinal));

        // Of the network's own prefix hosts are told, but not that there is a way out of it.
        await UntilAsync(() => topology.Status().Hosts[0].Addresses.Any(address => address.StartsWith("fd01", StringComparison.Ordinal)));
        await ReachAsync(topology, "h", "fd01::3");
        Assert.False((await topology.PingAsync("h", new PingRequest("fd02::1") { Count = 1 })).IsComplete);
        Fabric.Routing.Dhcp.DhcpPool pool = RouterPlan.ServerOf(topology.Model.Routers["r1"]).Pools[0];
        Assert.Equal(1400, pool.Mtu);
        Assert.Equal(["10.9.0.0/16 10.1.0.2", "0.0.0.0/0 10.1.0.1"], pool.Routes.Select(route => $"{route.Network} {route.Gateway}"));
    }

    /// <summary>Of three sources for a network the nearest counts, and what is added to metrics is added to those of one list alone.</summary>
    [Fact]
    public async Task RipKeepsDistancesByNeighborAndOffsetsByPrefix()
    {
        await using RunningTopology topology = await StartAsync("""
            name: policy
            switches: { a: }
            prefix-lists: { seven: { rules: [{ action: permit, prefix: 10.7.0.0/24 }] }, eight: { rules: [{ action: permit, prefix: 10.8.0.0/24 }] } }
            routers:
              r1:
                interfaces: { a: { to: a, address: 10.0.0.1/24 } }
                routes: [{ to: 10.2.0.0/24, blackhole: true, distance: 100 }, { to: 10.3.0.0/24, blackhole: true, distance: 100 }]
                rip:
                  interfaces: { a: { offset-in: [{ amount: 5, filter: seven }] } }
                  distances: [{ neighbors: 10.0.0.0/24, distance: 110 }, { neighbors: 10.0.0.2/32, distance: 90 }]
                  timers: &fast { update: 1s, jitter: 100ms, hold-off-least: 10ms, hold-off-most: 50ms }
              r2:
                interfaces: { a: { to: a, address: 10.0.0.2/24 } }
                loopback: [10.2.0.1/24, 10.7.0.1/24, 10.8.0.1/24]
                rip: { redistribute: [connected], offset-out: [{ amount: 2, filter: eight }], default-route: { metric: 4, tag: 9 }, timers: *fast }
              r3:
                interfaces: { a: { to: a, address: 10.0.0.3/24 } }
                loopback: [10.3.0.1/24]
                rip: { redistribute: [connected], timers: *fast }
            """);

        await UntilAsync(() => topology.Routes("r1").Count(route => route.Source == "rip") == 5);

        Assert.Equal(
            [
                "0.0.0.0/0 rip 90 5 9", "10.0.0.0/24 connected 0 0 0", "10.2.0.0/24 rip 90 2 0", "10.3.0.0/24 static 100 0 0", "10.7.0.0/24 rip 90 7 0", "10.8.0.0/24 rip 90 4 0",
            ],
            topology.Routes("r1").Where(route => route.Selected).Select(route => $"{route.Prefix} {route.Source} {route.Distance} {route.Metric} {route.Tag}"));
        Assert.Contains(topology.Routes("r1"), route => route is { Prefix: "10.3.0.0/24", Source: "rip", Distance: 110, Selected: false });
    }

    [Theory]
    [InlineData("10.1.0.0/16", 0, true)]
    [InlineData("10.1.2.0/24", 0, false)]
    [InlineData("10.1.2.0/24", 7, true)]
    [InlineData("10.0.0.0/8", 0, false)]
    [InlineData("192.168.5.0/24", 0, false)]
    [InlineData("192.168.0.0/16", 0, true)]
    [InlineData("fd00::/40", 0, false)]
    [InlineData("fd00::/32", 0, true)]
    public void PrefixListsJudgeAsTheyAreWritten(string prefix, int tag, bool isPermitted)
    {
        PrefixListModel list = new(
            "l",
            [
                new PrefixRuleModel(true, null, 0, 128, 7),
                new PrefixRuleModel(true, IPNetwork.Parse("10.0.0.0/8"), 9, 16, null),
                new PrefixRuleModel(false, IPNetwork.Parse("10.0.0.0/8"), 8, 32, null),
                new PrefixRuleModel(false, IPNetwork.Parse("192.168.0.0/16"), 24, 32, null),
                new PrefixRuleModel(false, null, 40, 128, null),
            ],
            PermitsOtherwise: true);
        Assert.True(Fabric.Wire.IpPrefix.TryParse(prefix, out Fabric.Wire.IpPrefix parsed));
        Fabric.Routing.Route route = new(parsed, Fabric.Routing.RouteSource.Static, 1, 0, (uint)tag, Fabric.Routing.RouteKind.BlackHole, []);
        Assert.Equal(isPermitted, PrefixPlan.FilterOf(list).Find(route) is not null);
        if (tag == 0)
            Assert.Equal(isPermitted, PrefixPlan.ListOf(list with { Rules = [.. list.Rules.Skip(1)] }).Permits(parsed));
    }

    [Fact]
    public void AGuestIsToldItsGateways()
    {
        NicModel nic = new("lan", PhysicalAddress.Parse("52-54-00-AA-00-01"), IPAddress.Parse("10.0.0.1"), 24)
        {
            Address6 = (IPAddress.Parse("fd00::1"), 64),
            Gateway = IPAddress.Parse("10.0.0.254"),
            GatewayV6 = IPAddress.Parse("fd00::fe"),
        };
        VmModel vm = new() { Name = "alice", Cpus = 1, MemoryBytes = 64 << 20, Disks = [], Nics = [nic] };
        TopologyModel model = new()
        {
            Name = "lab",
            SourcePath = "/lab.yaml",
            Images = new Dictionary<string, ImageModel>(),
            Switches = new Dictionary<string, SwitchModel> { ["lan"] = new("lan", 1500, TimeSpan.FromSeconds(300), null) },
            Disks = new Dictionary<string, DiskModel>(),
            Vms = new Dictionary<string, VmModel> { ["alice"] = vm },
            Tests = [],
        };
        Assert.Equal(
            "fabric.hostname=alice fabric.nic=52:54:00:aa:00:01,10.0.0.1/24 fabric.nic=52:54:00:aa:00:01,fd00::1/64 fabric.route=default,10.0.0.254 fabric.route=::/0,fd00::fe",
            BootSource.GuestArguments(model, vm));
    }

    private async Task<RunningTopology> StartAsync(string yaml)
    {
        RunningTopology topology = _lab.Load(yaml);
        await topology.StartAsync(CancellationToken.None);
        return topology;
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        using CancellationTokenSource patience = new(TimeSpan.FromSeconds(30));
        while (!condition())
            await Task.Delay(20, patience.Token);
    }

    /// <summary>Pings until an echo comes back: routers look at their ports, and speak with each other, when they get to it.</summary>
    private static async Task ReachAsync(RunningTopology topology, string from, string to)
    {
        using CancellationTokenSource patience = new(TimeSpan.FromSeconds(30));
        while (!patience.IsCancellationRequested)
        {
            if ((await topology.PingAsync(from, new PingRequest(to) { Count = 1 })).IsComplete)
                return;
            await Task.Delay(20);
        }

        Assert.Fail($"{from} does not reach {to}");
    }
}
