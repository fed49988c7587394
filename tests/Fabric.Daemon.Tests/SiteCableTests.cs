using System.Globalization;
using Fabric.Daemon.Composition;
using Fabric.Daemon.Control;
using Fabric.Topology;
using Fabric.Wire;

namespace Fabric.Daemon.Tests;

/// <summary>Sites of one file joined by cables, and an overlay whose tunnels take them.</summary>
public sealed class SiteCableTests : IDisposable
{
    private readonly Lab _lab = new();

    // Two runs on one machine must not meet.
    private readonly string _net = string.Create(CultureInfo.InvariantCulture, $"127.{129 + (Environment.ProcessId >> 8 & 0x3F)}.{Environment.ProcessId & 0xFF}");

    public void Dispose() => _lab.Dispose();

    [Fact]
    public async Task TunnelsTakeTheCablesBetweenSitesThatAreThere()
    {
        TopologyModel model = Write($$"""
            name: wan
            x-rip: &rip { redistribute: [connected], timers: { update: 1s } }
            sites:
              west: { address: {{_net}}.1, switches: [lan-a], routers: [ra], underlay: ra }
              east: { address: {{_net}}.2, switches: [lan-b], routers: [rb], underlay: rb }
            switches: { lan-a: { subnet: 10.9.0.0/24 }, lan-b: { subnet: 10.9.0.0/24 } }
            hosts: { a: { to: lan-a, address: 10.9.0.1, services: [echo] }, b: { to: lan-b, address: 10.9.0.2, services: [echo] } }
            overlays: { blue: { vni: 100, members: [lan-a, lan-b] } }
            routers:
              ra: { loopback: 10.255.0.1, interfaces: { one: { address: 10.0.1.1/30 }, two: { address: 10.0.2.1/30, mtu: 9000 } }, rip: { <<: *rip, interfaces: [one, two] } }
              rb: { loopback: 10.255.0.2, interfaces: { one: { address: 10.0.1.2/30 }, two: { address: 10.0.2.2/30, mtu: 9000 } }, rip: { <<: *rip, interfaces: [one, two] } }
            links:
              - { a: ra.one, b: rb.one }
              - { a: ra.two, b: rb.two }
            """);
        await using RunningTopology west = new(model.At("west"), _lab.State, TimeProvider.System);
        await using RunningTopology east = new(model.At("east"), _lab.State, TimeProvider.System);
        await west.StartAsync(CancellationToken.None);
        Assert.All(Ports(west), port => Assert.Equal("down", port.State));
        await east.StartAsync(CancellationToken.None);
        await PingAsync(west, 5);

        // What is left of 1500 after two tunnels; the wide cable has what the machine's own network carries.
        Assert.Equal((1400, 1400), (west.Overlays("blue")[0].Mtu, model.MtuAt("lan-a")));
        Assert.Equal([1450, 9000], Ports(west).Select(port => port.Mtu));
        Assert.Null((await west.FindHost("a").TransferAsync(IpAddress.FromV4(0x0A090002), 3_000_000)).Error);
        Assert.True((await east.PingAsync("b", new PingRequest("10.9.0.1") { Count = 3, IntervalMs = 10, Size = 4000 })).IsComplete);

        // Cut at one end, one cable after the other, and mended at the other end.
        west.SetLink("ra.one", "rb.one", up: false);
        await PingAsync(west, 3);
        Assert.Equal(["down", "up"], Ports(east).Select(port => port.State));
        east.SetLink("rb.one", "ra.one", up: true);
        east.SetLink("rb.two", "ra", up: false);
        await PingAsync(west, 3);
        Assert.Equal(["up", "down"], Ports(west).Select(port => port.State));
        Assert.Contains("ra is linked with rb", Assert.Throws<DaemonException>(() => west.SetLink("ra", "lan-a", up: true)).Message, StringComparison.Ordinal);

        await east.DisposeAsync();
        for (int i = 0; i < 50 && Ports(west).Any(port => port.State == "up"); i++)
            await Task.Delay(20);
        Assert.All(Ports(west), port => Assert.Equal("down", port.State));
    }

    [Fact]
    public async Task SwitchesOfTwoSitesOnOneCableAreOneNetwork()
    {
        TopologyModel model = Write($$"""
            name: flat
            sites: { west: { address: {{_net}}.3, switches: [a] }, east: { address: {{_net}}.4, switches: [b], routers: [r] } }
            switches: { a: { subnet: 10.9.0.0/24 }, b: { subnet: 10.9.0.0/24 } }
            routers: { r: { interfaces: { lan: { to: a, address: 10.9.0.254 } } } }
            links: [{ a: a, b: b, trunk: "10", native: 10 }]
            hosts: { ha: { to: a, address: 10.9.0.1 }, hb: { to: b, address: 10.9.0.2, vlan: 10 }, hv: { to: a, address: 10.9.0.3, vlan: 10 } }
            """);
        await using RunningTopology west = new(model.At("west"), _lab.State, TimeProvider.System);
        await using RunningTopology east = new(model.At("east"), _lab.State, TimeProvider.System);
        await west.StartAsync(CancellationToken.None);
        await east.StartAsync(CancellationToken.None);
        Assert.Equal(1446, model.MtuAt("b"));
        for (int i = 0; i < 20 && !(await west.PingAsync("hv", new PingRequest("10.9.0.2") { Count = 1, IntervalMs = 10 })).IsComplete;)
            i++;
        Assert.True((await west.PingAsync("hv", new PingRequest("10.9.0.2") { Count = 3, IntervalMs = 10, Size = 3000 })).IsComplete);
        Assert.True((await west.PingAsync("ha", new PingRequest("10.9.0.254") { Count = 3, IntervalMs = 10 })).IsComplete);
    }

    private static IReadOnlyList<RouterPortStatus> Ports(RunningTopology topology) => topology.Status().Routers[0].Interfaces;

    private static async Task PingAsync(RunningTopology from, int count)
    {
        for (int i = 0; i < 30 && !(await from.PingAsync("a", new PingRequest("10.9.0.2") { Count = 1, IntervalMs = 100 })).IsComplete;)
            i++;
        Assert.True((await from.PingAsync("a", new PingRequest("10.9.0.2") { Count = count, IntervalMs = 10 })).IsComplete);
    }

    private TopologyModel Write(string yaml)
    {
        string path = Path.Combine(_lab.Folder, $"{Guid.NewGuid():n}.yaml");
        File.WriteAllText(path, yaml);
        return TopologyLoader.Load(path);
    }
}
