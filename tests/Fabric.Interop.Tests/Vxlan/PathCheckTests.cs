using Fabric.Daemon.Composition;
using Fabric.Daemon.Control;
using Fabric.Topology;

namespace Fabric.Interop.Tests.Vxlan;

/// <summary>Overlays over a network that carries less than its first link.</summary>
public sealed class PathCheckTests
{
    [SkippableFact]
    public async Task What_a_router_on_the_way_carries_is_measured_and_said()
    {
        using RoutedPath path = new();
        path.Router.Ip("link", "set", "right", "mtu", "1400");
        await using Running running = await Running.StartAsync(path);
        OverlayCheckReport[] reports = [.. await running.Topology.CheckOverlaysAsync(null, CancellationToken.None)];
        Assert.Equal(["blue", "red"], reports.Select(report => report.Overlay));
        Assert.All(reports, report => Assert.True(report.IsShort));
        Assert.Equal(
            new OverlayCheckEnd(
                "10.7.2.1", OverlayCheckVerdict.Short, 1400, 1500, true,
                "the way to 10.7.2.1 carries 1400 bytes and packets of up to 1500 go there, longer ones are lost: give overlay 'blue' at all its ends 'mtu: 1350', or the network on that way an MTU of 1500"),
            reports[0].Ends[0]);
        Assert.Equal((OverlayCheckVerdict.Enough, 1500), (reports[0].Ends[1].Verdict, reports[0].Ends[1].PathMtu));
        Assert.Contains("'mtu: 1330'", Assert.Single(reports[1].Ends).Text, StringComparison.Ordinal);

        // Whoever follows the start has read it, and the segments carry no more from then on.
        Assert.Equal(2, (await running.EventsAsync()).Count(item => item.Text?.Contains("longer ones are lost: give overlay '", StringComparison.Ordinal) == true));
        Assert.Equal([1350, 1330], running.Topology.Overlays(null).Select(report => report.Mtu));

        path.Router.Ip("link", "set", "right", "mtu", "1500");
        OverlayCheckEnd remembering = (await running.Topology.CheckOverlaysAsync("blue", CancellationToken.None))[0].Ends[0];
        Assert.Equal((OverlayCheckVerdict.Short, 1500), (remembering.Verdict, remembering.PathMtu));
        Assert.Contains("ip route flush cache", remembering.Text, StringComparison.Ordinal);
        path.Forget();
        Assert.All(await running.Topology.CheckOverlaysAsync(null, CancellationToken.None), report => Assert.All(report.Ends, end => Assert.Equal((OverlayCheckVerdict.Enough, 1500), (end.Verdict, end.PathMtu))));
    }

    [SkippableFact]
    public async Task Cables_between_sites_are_measured_like_overlays()
    {
        using RoutedPath path = new();
        path.Router.Ip("link", "set", "right", "mtu", "1400");
        await using Running running = await Running.StartAsync($$"""
            sites: { west: { address: 10.7.1.1, netns: {{path.Near.Name}}, routers: [ra] }, east: { address: 10.7.2.1, netns: {{path.Far.Name}}, routers: [rb] } }
            routers: { ra: { interfaces: { one: { address: 10.0.1.1/30 } } }, rb: { interfaces: { one: { address: 10.0.1.2/30 } } } }
            links: [{ a: ra.one, b: rb.one }]
            """, "west");
        OverlayCheckReport report = Assert.Single(await running.Topology.CheckOverlaysAsync("ra.one", CancellationToken.None));
        Assert.Equal(("ra.one", 1450, true), (report.Overlay, report.Mtu, report.IsShort));
        Assert.Contains("give interface ra.one and interface rb.one 'mtu: 1350'", Assert.Single(report.Ends).Text, StringComparison.Ordinal);
        Assert.Contains(await running.EventsAsync(), item => item.Kind == TopologyEventKind.Cable && item.Text == report.Ends[0].Text);
    }

    /// <summary>A veth pair drops what is longer than the receiving end's MTU and the room for a tag, and tells nobody.</summary>
    [SkippableFact]
    public async Task What_is_lost_in_silence_is_found_to_the_byte()
    {
        using RoutedPath path = new();
        path.Far.Ip("link", "set", "under", "mtu", "1333");
        await using Running running = await Running.StartAsync(path);
        OverlayCheckEnd[] ends = [.. (await running.Topology.CheckOverlaysAsync(null, CancellationToken.None)).SelectMany(report => report.Ends)];
        Assert.Equal([("10.7.2.1", 1337), ("10.7.1.254", 1500), ("fd07:2::1", 1337)], ends.Select(end => (end.Address, end.PathMtu)));
        Assert.Equal(OverlayCheckVerdict.Short, ends[0].Verdict);
    }

    [SkippableFact]
    public async Task An_end_that_answers_no_echo_is_said_to_be_one_and_nothing_fails()
    {
        using RoutedPath path = new();
        path.Far.Expect("sh", "-c", "echo 1 > /proc/sys/net/ipv4/icmp_echo_ignore_all; echo 1 > /proc/sys/net/ipv6/icmp/echo_ignore_all");
        await using Running running = await Running.StartAsync(path);
        OverlayCheckReport[] reports = [.. await running.Topology.CheckOverlaysAsync(null, CancellationToken.None)];
        Assert.All(reports, report => Assert.False(report.IsShort));
        Assert.Equal((OverlayCheckVerdict.Unknown, 1500, false), (reports[0].Ends[0].Verdict, reports[0].Ends[0].PathMtu, reports[0].Ends[0].IsMeasured));
        Assert.Contains("answered no echo", reports[0].Ends[0].Text, StringComparison.Ordinal);
        Assert.DoesNotContain(await running.EventsAsync(), item => item.Text?.Contains("lost", StringComparison.Ordinal) == true);
    }

    private sealed class Running : IAsyncDisposable
    {
        public required RunningTopology Topology { get; init; }

        public required string Folder { get; init; }

        public static Task<Running> StartAsync(RoutedPath path) => StartAsync($$"""
            switches: { lan: {}, six: {} }
            overlays:
              blue: { vni: 100, to: lan, local: 10.7.1.1, remotes: [10.7.2.1, 10.7.1.254], netns: {{path.Near.Name}} }
              red: { vni: 101, to: six, local: "fd07:1::1", remotes: "fd07:2::1", netns: {{path.Near.Name}} }
            """, null);

        public static async Task<Running> StartAsync(string yaml, string? site)
        {
            string folder = Directory.CreateTempSubdirectory("fab-").FullName;
            string file = Path.Combine(folder, "file.yaml");
            File.WriteAllText(file, yaml);
            StateFolder state = new(Path.Combine(folder, "state"));
            state.Create();
            Running running = new() { Topology = new RunningTopology(site is null ? TopologyLoader.Load(file) : TopologyLoader.Load(file).At(site), state, TimeProvider.System), Folder = folder };
            await running.Topology.StartAsync(CancellationToken.None);
            await running.Topology.WaitReadyAsync(CancellationToken.None);
            return running;
        }

        /// <summary>What was told until everything was ready.</summary>
        public async Task<List<TopologyEvent>> EventsAsync()
        {
            List<TopologyEvent> events = [];
            await foreach (TopologyEvent item in Topology.Events.ReadAsync())
            {
                if (item.Kind == TopologyEventKind.Ready)
                    break;
                events.Add(item);
            }

            return events;
        }

        public async ValueTask DisposeAsync()
        {
            await Topology.DisposeAsync();
            Directory.Delete(Folder, recursive: true);
        }
    }
}
