using Fabric.Daemon.Control;
using Fabric.Hosts;
using Fabric.Hosts.Traffic;
using Fabric.Topology;
using Fabric.Wire;

namespace Fabric.Daemon.Composition;

/// <content>What hosts send from the start on.</content>
public sealed partial class RunningTopology
{
    /// <summary>Pause before a host that has no address yet tries again: DHCP, or a duplicate that is asked for, takes its time.</summary>
    private static readonly TimeSpan TrafficPause = TimeSpan.FromMilliseconds(500);

    private void StartTraffic()
    {
        CancellationTokenSource ending = new();
        List<Task> running = [];
        foreach ((string name, HostPort port) in _hosts)
            running.AddRange(Model.Hosts[name].Traffic.Select(traffic => SendAsync(port.Host, traffic, ending.Token)));
        // Hosts that are taken down end their generators; this ends those that wait for an address.
        _takeDown.Push(async () =>
        {
            await ending.CancelAsync();
            foreach (HostPort port in _hosts.Values.Where(port => Model.Hosts[port.Name].Traffic.Count > 0))
                port.Host.Dispose();
            await Task.WhenAll(running);
            ending.Dispose();
        });
    }

    private async Task SendAsync(Host host, TrafficModel traffic, CancellationToken cancel)
    {
        TrafficOptions options = new()
        {
            To = IpAddress.From(traffic.To), PacketsPerSecond = traffic.Rate, FrameSize = traffic.Size, Flows = traffic.Flows, Count = traffic.Count,
        };
        while (!cancel.IsCancellationRequested)
        {
            try
            {
                await host.GenerateAsync(options);
                return;
            }
            catch (HostException)
            {
                await Task.Delay(TrafficPause, _time, cancel).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            catch (ObjectDisposedException)
            {
                return;
            }
        }
    }

    private static SinkStatus SinkOf(Host host)
    {
        TrafficReport report = host.ReadSink();
        return new SinkStatus(
            report.Received, report.Bytes, report.Lost, report.Reordered, report.Duplicates, report.Latency.Median.TotalMicroseconds, report.Latency.P99.TotalMicroseconds);
    }
}
