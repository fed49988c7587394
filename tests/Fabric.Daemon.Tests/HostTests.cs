using System.Text;
using Fabric.Daemon.Composition;
using Fabric.Daemon.Control;
using Fabric.Hosts.Messages;

namespace Fabric.Daemon.Tests;

public sealed class HostTests : IDisposable
{
    private readonly Lab _lab = new();

    public void Dispose() => _lab.Dispose();

    [Fact]
    public async Task HostsComeUpAnswerAndGo()
    {
        await using RunningTopology topology = _lab.Load("""
            name: hosts
            switches: { lan: { subnet: 10.0.0.0/24 } }
            hosts:
              h1: { to: lan, address: 10.0.0.1 }
              h2: { to: lan, address: 10.0.0.2, address6: fd00::2/64, services: [echo] }
            """);
        await topology.StartAsync(CancellationToken.None);
        await topology.WaitReadyAsync(CancellationToken.None);
        // Long echoes wait for nothing but their turn: a host holds few packets for a neighbour it does not know yet, or a worker that is late.
        Assert.True((await topology.PingAsync("h1", new PingRequest("h2") { Count = 1 })).IsComplete);
        PingResult result = await topology.PingAsync("h1", new PingRequest("h2") { Count = 20, IntervalMs = 20, Size = 20_000 });
        Assert.True(result.IsComplete);
        Assert.Null((await topology.FindHost("h1").TransferAsync(result.Destination, 3_000_000)).Error);
        HostStatus second = topology.Status().Hosts[1];
        Assert.Equal(["10.0.0.2/24", "fd00::2/64"], second.Addresses);
        Assert.True(second.Received > 20);
        Assert.Equal(["h1", "h2"], topology.Status().Switches[0].Ports);
        DaemonException error = Assert.Throws<DaemonException>(() => topology.FindHost("h3"));
        Assert.Contains("did you mean h", error.Message, StringComparison.Ordinal);
    }

    /// <summary>A thousand come up in well under a second of their own time, and hold next to nothing while idle.</summary>
    [Fact]
    public async Task AThousandHostsCostLittle()
    {
        StringBuilder yaml = new("name: many\nswitches: { lan: { subnet: 10.0.0.0/16 } }\nhosts:\n");
        for (int i = 1; i <= 1000; i++)
            yaml.Append($"  h{i}: {{ to: lan, address: 10.0.{i / 250}.{1 + (i % 250)} }}\n");
        await using RunningTopology topology = _lab.Load(yaml.ToString());
        await topology.StartAsync(CancellationToken.None);
        PingResult[] results = await Task.WhenAll(Enumerable.Range(1, 1000).Select(i =>
            topology.PingAsync($"h{i}", new PingRequest($"h{(i % 1000) + 1}") { Count = 2, IntervalMs = 10 })));
        Assert.All(results, result => Assert.True(result.IsComplete));
    }
}
