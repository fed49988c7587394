using Fabric.Routing.Rib;
using Fabric.Routing.Rip;
using Fabric.Routing.Tests.Rip.Simulation;
using Fabric.TestKit;
using static Fabric.Routing.Tests.Rip.Simulation.Network;

namespace Fabric.Routing.Tests.Rip;

/// <summary>When routers speak (RFC 2453, 3.8 and 3.10).</summary>
public sealed class TimingTests
{
    private static readonly RipOptions Everywhere = new()
    {
        Interface = new RipInterfaceOptions { Enabled = true }, Redistribute = new Redistribution([new RedistributionRule(RouteSource.Static)]),
    };

    private readonly Network _network = new(TestSeed.Seed);

    [Fact]
    public void UpdatesComeEveryThirtySecondsMoreOrLess()
    {
        (SimulatedRouter one, _, Segment cable) = Pair(Everywhere);
        _network.RunFor(60);
        Listener listener = new(_network, cable);
        _network.RunFor(3600);
        double[] times = [.. listener.Packets.Where(packet => packet.Sender == one.Name).Select(packet => packet.Time)];
        double[] gaps = [.. times.Zip(times.Skip(1), (before, after) => after - before)];
        Assert.All(gaps, gap => Assert.InRange(gap, 25, 35));
        Assert.InRange(gaps.Average(), 29, 31);
        Assert.True(gaps.Max() - gaps.Min() > 5);
        Assert.All(listener.Packets, packet => Assert.Equal(("224.0.0.9", 2, 1), (packet.Destination, packet.Command, packet.HopLimit)));
    }

    [Fact]
    public void AChangeIsToldWithinFiveSecondsAndNothingElseIs()
    {
        (SimulatedRouter one, SimulatedRouter two, Segment cable) = Pair(Everywhere);
        for (int i = 0; i < 40; i++)
            one.AddStatic($"172.16.{i}.0/24");
        _network.RunFor(60);
        Listener listener = new(_network, cable);
        for (int i = 0; i < 20; i++)
        {
            listener.Packets.Clear();
            double start = (double)_network.Now / Second;
            one.RemoveStatic($"172.16.{i}.0/24");
            one.AddStatic($"172.17.{i}.0/24");
            _network.RunFor(5.01);
            Assert.Equal("none", two.Describe($"172.16.{i}.0/24"));
            Listener.Packet told = listener.Packets.First(packet => packet.Sender == one.Name && packet.Entries.Any(entry => entry.Prefix == $"172.16.{i}.0/24"));
            Assert.InRange(told.Time - start, told.Entries.Count == 2 ? 1 : 0, 5.001);
            if (told.Entries.Count < 25)
                Assert.Equal([$"172.16.{i}.0/24 16", $"172.17.{i}.0/24 1"], told.Entries.Select(entry => $"{entry.Prefix} {entry.Metric}"));
        }

        Assert.InRange(one.Status.Interfaces[0].Counters.TriggeredUpdates, 15, 21);
    }

    [Fact]
    public void ManyChangesAreOneUpdate()
    {
        (SimulatedRouter one, SimulatedRouter two, Segment cable) = Pair(Everywhere);
        _network.RunFor(40);
        long before = one.Status.Interfaces[0].Counters.TriggeredUpdates;
        for (int i = 0; i < 200; i++)
        {
            one.AddStatic($"172.16.{i}.0/24");
            _network.RunFor(0.05);
        }

        _network.RunFor(5.01);
        Assert.InRange(one.Status.Interfaces[0].Counters.TriggeredUpdates - before, 2, 11);
        Assert.Equal("2 via 10.0.0.1", two.Describe("172.16.199.0/24"));
    }

    [Fact]
    public void TimesAreEachInterfacesOwn()
    {
        RipInterfaceOptions fast = Everywhere.Interface with
        {
            Timers = new RipTimers { Update = TimeSpan.FromSeconds(2), Jitter = TimeSpan.Zero, Timeout = TimeSpan.FromSeconds(7), Garbage = TimeSpan.FromSeconds(4), TriggerMax = TimeSpan.FromSeconds(1) },
        };
        SimulatedRouter one = _network.AddRouter("r1", Everywhere with { Interfaces = new Dictionary<string, RipInterfaceOptions> { ["r1.0"] = fast } });
        SimulatedRouter two = _network.AddRouter("r2", Everywhere with { Interface = fast });
        SimulatedRouter three = _network.AddRouter("r3", Everywhere);
        Segment quick = _network.Connect(one, "10.0.0.1/24", two, "10.0.0.2/24");
        Segment slow = _network.Connect(one, "10.0.1.1/24", three, "10.0.1.2/24");
        two.AddStatic("172.16.0.0/16");
        three.AddStatic("172.17.0.0/16");
        _network.RunFor(20);
        Listener heard = new(_network, quick);
        _network.RunFor(20);
        Assert.InRange(heard.Packets.Count(packet => packet.Sender == one.Name), 10, 11);
        quick.Loss = slow.Loss = 1;
        _network.RunFor(7.1);
        Assert.Equal("none", one.Describe("172.16.0.0/16"));
        Assert.Equal("2 via 10.0.1.2", one.Describe("172.17.0.0/16"));
        _network.RunFor(4.1);
        Assert.DoesNotContain(one.Status.Routes, route => route.Prefix == Prefix("172.16.0.0/16"));
    }

    [Fact]
    public void AnInterfaceThatGoesDownTakesItsRoutesWithItAtOnce()
    {
        SimulatedRouter one = _network.AddRouter("r1", Everywhere);
        SimulatedRouter two = _network.AddRouter("r2", Everywhere);
        SimulatedRouter three = _network.AddRouter("r3", Everywhere);
        Segment first = _network.Connect(one, "10.0.0.1/24", two, "10.0.0.2/24");
        _network.Connect(two, "10.0.1.1/24", three, "10.0.1.2/24");
        one.AddStatic("172.16.0.0/16");
        _network.RunFor(60);
        Assert.Equal("3 via 10.0.1.1", three.Describe("172.16.0.0/16"));
        first.SetUp(false);
        Assert.Equal("none", two.Describe("172.16.0.0/16"));
        Assert.Equal("none", one.Describe("10.0.1.0/24"));
        Assert.Empty(one.Status.Neighbors);
        _network.RunFor(5.01);
        Assert.Equal("none", three.Describe("172.16.0.0/16"));
        Assert.Equal("none", three.Describe("10.0.0.0/24"));
        // And back: what the other knows is asked for, not waited for.
        first.SetUp(true);
        _network.RunFor(5.1);
        Assert.Equal("2 via 10.0.0.1", two.Describe("172.16.0.0/16"));
    }

    [Fact]
    public void WhoStopsSaysSo()
    {
        (SimulatedRouter one, SimulatedRouter two, _) = Pair(Everywhere);
        one.AddStatic("172.16.0.0/16");
        two.AddStatic("172.17.0.0/16");
        _network.RunFor(40);
        one.Rip.Stop();
        Assert.DoesNotContain(one.Routes.Best, route => route.Source == RouteSource.Rip);
        Assert.Equal(long.MaxValue, one.Rip.Due);
        _network.RunFor(0.1);
        Assert.Equal("none", two.Describe("172.16.0.0/16"));
        _network.RunFor(200);
        Assert.Equal("none", one.Describe("172.17.0.0/16"));
    }

    [Fact]
    public void AnAddressThatChangesIsFollowed()
    {
        (SimulatedRouter one, SimulatedRouter two, _) = Pair(Everywhere);
        one.AddStatic("172.16.0.0/16");
        _network.RunFor(40);
        one.Change(0, link => link with { Addresses = [Prefix("10.5.0.1/24")] });
        Assert.Empty(one.Status.Neighbors);
        two.Change(0, link => link with { Addresses = [Prefix("10.5.0.2/24")] });
        _network.RunFor(40);
        Assert.Equal("2 via 10.5.0.1", two.Describe("172.16.0.0/16"));
        Assert.Equal(["10.5.0.1"], two.Status.Neighbors.Select(neighbor => neighbor.Address.ToString()));
        Assert.Equal("none", two.Describe("10.0.0.0/24"));
    }

    private (SimulatedRouter One, SimulatedRouter Two, Segment Cable) Pair(RipOptions options)
    {
        SimulatedRouter first = _network.AddRouter("r1", options);
        SimulatedRouter second = _network.AddRouter("r2", options);
        return (first, second, _network.Connect(first, "10.0.0.1/24", second, "10.0.0.2/24"));
    }
}
