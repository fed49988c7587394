using System.Globalization;
using Fabric.Daemon.Composition;
using Fabric.Daemon.Control;

namespace Fabric.Daemon.Tests;

/// <summary>Topologies joined by VXLAN over the host's loopback interface, each with addresses of its own there.</summary>
public sealed class OverlayTests : IDisposable
{
    private readonly Lab _lab = new();

    // Two runs on one machine must not meet.
    private readonly string _net = string.Create(CultureInfo.InvariantCulture, $"127.{1 + (Environment.ProcessId >> 8 & 0x7F)}.{Environment.ProcessId & 0xFF}");

    public void Dispose() => _lab.Dispose();

    [Fact]
    public async Task HostsOfTwoTopologiesAreOnOneSegmentAndThoseOfAnotherVniAreNot()
    {
        await using RunningTopology west = _lab.Load($$"""
            name: west
            switches: { lan: { subnet: 10.9.0.0/24 } }
            hosts:
              w: { to: lan, address: 10.9.0.1, vlan: 10, services: [echo] }
              x: { to: lan, address: 10.9.0.3, vlan: 20 }
            overlays:
              blue: { vni: 100, to: lan, vlan: 10, local: {{_net}}.1, remotes: {{_net}}.2 }
              red: { vni: 200, to: lan, vlan: 20, local: {{_net}}.1, remotes: {{_net}}.2 }
            """);
        await using RunningTopology east = _lab.Load($$"""
            name: east
            switches: { lan: { subnet: 10.9.0.0/24 } }
            hosts: { e: { to: lan, address: 10.9.0.2, services: [echo] } }
            overlays: { blue: { vni: 100, to: lan, local: {{_net}}.2, remotes: {{_net}}.1 } }
            """);
        await west.StartAsync(CancellationToken.None);
        await east.StartAsync(CancellationToken.None);

        Assert.True((await west.PingAsync("w", new PingRequest("10.9.0.2") { Count = 5, IntervalMs = 10, Size = 4000 })).IsComplete);
        Assert.Null((await east.FindHost("e").TransferAsync(Fabric.Wire.IpAddress.FromV4(0x0A090001), 2_000_000)).Error);
        Assert.False((await west.PingAsync("x", new PingRequest("10.9.0.2") { Count = 1, IntervalMs = 10 })).IsComplete);

        OverlayReport blue = Assert.Single(west.Overlays("blue"));
        Assert.Equal((100, "lan", $"{_net}.1", 4789), (blue.Vni, blue.Switch, blue.Local, blue.UdpPort));
        Assert.Equal(($"{_net}.2", true, 1), (blue.Remotes[0].Address, blue.Remotes[0].IsConfigured, blue.Remotes[0].Stations));
        Assert.Equal((east.Status().Hosts[0].Mac, $"{_net}.2", false), (blue.Stations[0].Mac, blue.Stations[0].Remote, blue.Stations[0].IsStatic));
        Assert.True(blue.ReceivedFrames > 10 && blue.TransmittedFrames > 10 && blue.Events["flooded"] > 0);
        Assert.Contains(west.Fdb("lan"), entry => entry.Port == "blue" && entry.Vlan == 10 && entry.Mac == blue.Stations[0].Mac);
        Assert.Empty(west.Overlays("red")[0].Stations);
        Assert.True(east.Overlays(null)[0].EndPointDrops["unknownSegment"] > 0);
        Assert.Contains("did you mean blue?", Assert.Throws<DaemonException>(() => east.Overlays("blu")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AnEndThatIsNotNamedIsRefusedAndCounted()
    {
        await using RunningTopology west = _lab.Load($$"""
            name: west
            switches: { lan: { subnet: 10.9.0.0/24 } }
            hosts: { w: { to: lan, address: 10.9.0.1 } }
            overlays: { blue: { vni: 100, to: lan, local: {{_net}}.1, remotes: {{_net}}.3, stations: { "52:54:00:00:00:09": {{_net}}.3 } } }
            """);
        await using RunningTopology stranger = _lab.Load($$"""
            name: stranger
            switches: { lan: { subnet: 10.9.0.0/24 } }
            hosts: { s: { to: lan, address: 10.9.0.2 } }
            overlays: { blue: { vni: 100, to: lan, local: {{_net}}.2, remotes: {{_net}}.1 } }
            """);
        await west.StartAsync(CancellationToken.None);
        await stranger.StartAsync(CancellationToken.None);
        Assert.False((await stranger.PingAsync("s", new PingRequest("10.9.0.1") { Count = 1, IntervalMs = 10 })).IsComplete);
        OverlayReport blue = west.Overlays(null)[0];
        Assert.True(blue.ReceiveDrops["badPeer"] > 0);
        Assert.Equal(new OverlayReportStation("52:54:00:00:00:09", $"{_net}.3", true, 0), Assert.Single(blue.Stations));
    }

    [Fact]
    public async Task AnAddressThatIsNotThisMachinesIsAnErrorThatSaysSo()
    {
        await using RunningTopology topology = _lab.Load("""
            name: elsewhere
            switches: { lan: {} }
            overlays: { blue: { vni: 100, to: lan, local: 203.0.113.77, remotes: 203.0.113.78 } }
            """);
        Exception error = await Assert.ThrowsAnyAsync<Exception>(() => topology.StartAsync(CancellationToken.None));
        Assert.True(OperatorError.TryDescribe(error, out string line));
        Assert.Contains("203.0.113.77", line, StringComparison.Ordinal);
    }
}
