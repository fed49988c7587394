using Fabric.Hosts.Messages;
using Fabric.Hosts.Tests.Kit;
using Fabric.Hosts.Traffic;
using Fabric.Link;
using Fabric.Switch;
using static Fabric.Hosts.Tests.Kit.HostNetwork;

namespace Fabric.Hosts.Tests;

public sealed class TrafficTests
{
    [Theory]
    [InlineData("10.0.0.2", 60, 1)]
    [InlineData("10.0.0.2", 1514, 7)]
    [InlineData("2001:db8::2", 400, 4096)]
    public void EveryFrameIsCountedOnce(string to, int size, int flows)
    {
        using HostNetwork net = new();
        Host first = net.Add(1, "10.0.0.1/24", "2001:db8::1/64");
        Host second = net.Add(2, "10.0.0.2/24", "2001:db8::2/64");
        second.OpenSink();
        net.Await(first.PingAsync(Address(to), new PingOptions { Count = 1 }));
        Assert.Equal(5000, net.Await(first.GenerateAsync(new TrafficOptions { To = Address(to), FrameSize = size, Flows = flows, Count = 5000, PacketsPerSecond = 100_000 })));
        net.Run(TimeSpan.FromMilliseconds(5));
        TrafficReport report = second.ReadSink();
        Assert.Equal((5000, 0, 0, 0, 0), (report.Received, report.Lost, report.Reordered, report.Duplicates, report.Foreign));
    }

    [Fact]
    public void KeepsItsRate()
    {
        using HostNetwork net = new();
        Host first = net.Add(1, "10.0.0.1/24");
        net.Add(2, "10.0.0.2/24").OpenSink();
        Task<long> sending = first.GenerateAsync(new TrafficOptions { To = Address("10.0.0.2"), PacketsPerSecond = 12_345, Count = 1_000_000 });
        net.Run(TimeSpan.FromSeconds(2));
        Assert.InRange(net.Ports[1].Host.ReadSink().Received, (2 * 12_345) - 40, (2 * 12_345) + 1);
        Assert.False(sending.IsCompleted);
    }

    [Fact]
    public void TellsLossOrderDuplicatesAndLatency()
    {
        using HostNetwork net = new();
        Host first = net.Add(1, "10.0.0.1/24");
        Host second = net.Add(2, "10.0.0.2/24");
        second.OpenSink();
        net.Await(first.PingAsync(Address("10.0.0.2"), new PingOptions { Count = 1 }));
        (net.Loss, net.Duplication, net.Delay, net.Jitter) = (0.1, 0.1, TimeSpan.FromMilliseconds(10), TimeSpan.FromMilliseconds(10));
        net.Await(first.GenerateAsync(new TrafficOptions { To = Address("10.0.0.2"), PacketsPerSecond = 2000, Count = 10_000 }));
        net.Run(TimeSpan.FromMilliseconds(100));
        TrafficReport report = second.ReadSink();
        Assert.InRange(report.Lost, 850, 1150);
        Assert.InRange(report.Duplicates, 700, 1100);
        Assert.InRange(report.Reordered, 3000, 9000);
        
        // What was lost behind the last one to arrive cannot be known.
        Assert.InRange(report.Received - report.Duplicates + report.Lost, 9_990, 10_000);
        Assert.InRange(report.Latency.Median, TimeSpan.FromMilliseconds(14), TimeSpan.FromMilliseconds(17));
        Assert.InRange(report.Latency.Maximum, TimeSpan.FromMilliseconds(19), TimeSpan.FromMilliseconds(21));
    }

    /// <summary>On a real worker and the real clock, as fast as it goes.</summary>
    [Fact]
    public async Task RunsAsFastAsTheWorkerPolls()
    {
        using EthernetSwitch bridge = new("sw", TimeProvider.System);
        using HostPort first = new(new HostOptions { Name = "a", Mac = MacOf(1), Addresses = [Prefix("10.0.0.1/24")] }, TimeProvider.System);
        using HostPort second = new(new HostOptions { Name = "b", Mac = MacOf(2), Addresses = [Prefix("10.0.0.2/24")] }, TimeProvider.System);
        using PortWorker worker = new("w");
        foreach (HostPort port in new[] { first, second })
        {
            bridge.Attach(port);
            worker.Add(port, bridge);
            port.Host.Start();
        }

        second.Host.OpenSink();
        await first.Host.PingAsync(Address("10.0.0.2"), new PingOptions { Count = 1 });
        await first.Host.GenerateAsync(new TrafficOptions { To = Address("10.0.0.2"), Count = 200_000 });
        await first.Host.PingAsync(Address("10.0.0.2"), new PingOptions { Count = 1 });
        Assert.Equal((200_000, 0), (second.Host.ReadSink().Received, second.Host.ReadSink().Lost));
        worker.Dispose();
    }
}
