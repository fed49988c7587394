using Fabric.Routing.Rib;
using Fabric.Routing.Rip;
using Fabric.Routing.Tests.Rip.Simulation;
using Fabric.TestKit;
using static Fabric.Routing.Tests.Rip.Simulation.Network;

namespace Fabric.Routing.Tests.Rip;

/// <summary>The behaviours that FRR's topology tests of ripd look at, by their names there.</summary>
public sealed class FrrScenarioTests
{
    private static readonly RipInterfaceOptions On = new() { Enabled = true };
    private static readonly RipOptions Everywhere = new() { Interface = On };
    private static readonly RedistributionRule Statics = new(RouteSource.Static);
    private readonly Network _network = new(TestSeed.Seed);

    [Fact]
    public void Topo1_AChainLearnsNetworksAndRedistributedRoutesWithTheirMetrics()
    {
        RipOptions byNetwork = new() { Networks = [Prefix("193.1.0.0/16")] };
        SimulatedRouter one = _network.AddRouter("r1", byNetwork);
        SimulatedRouter two = _network.AddRouter("r2", byNetwork);
        SimulatedRouter three = _network.AddRouter("r3", byNetwork with { Redistribute = new Redistribution([Statics, new RedistributionRule(RouteSource.Connected)]) });
        one.AddNetwork("193.1.9.1/24");
        three.AddNetwork("192.168.3.1/24");
        three.AddStatic("172.16.0.0/20");
        _network.Connect(one, "193.1.1.1/26", two, "193.1.1.2/26");
        _network.Connect(two, "193.1.2.1/24", three, "193.1.2.2/24");
        _network.RunFor(30);
        Assert.Equal("2 via 193.1.1.2", one.Describe("193.1.2.0/24"));
        Assert.Equal("3 via 193.1.1.2", one.Describe("192.168.3.0/24"));
        Assert.Equal("3 via 193.1.1.2", one.Describe("172.16.0.0/20"));
        Assert.Equal("3 via 193.1.2.1", three.Describe("193.1.9.0/24"));
        Assert.Equal(["193.1.1.0/26", "193.1.2.0/24", "193.1.9.0/24", "172.16.0.0/20", "192.168.3.0/24"], one.Status.Routes.Select(route => route.Prefix.ToString()).OrderBy(text => text[2] == '3' ? 0 : 1).ThenBy(text => text));
    }

    [Theory]
    [InlineData(RipSplitHorizon.Poisoned, "16")]
    [InlineData(RipSplitHorizon.Simple, "")]
    [InlineData(RipSplitHorizon.Off, "2")]
    public void SplitHorizon_WhatIsToldWhereItCameFrom(RipSplitHorizon mode, string metric)
    {
        (SimulatedRouter one, SimulatedRouter two, Segment cable) = Pair(Everywhere, Everywhere with { Interface = On with { SplitHorizon = mode } });
        Listener listener = new(_network, cable);
        one.AddNetwork("192.168.1.1/24");
        _network.RunFor(60);
        Assert.Equal("2 via 10.0.0.1", two.Describe("192.168.1.0/24"));
        Listener.Entry[] told = listener.Told(two, "192.168.1.0/24", since: 10);
        Assert.Equal(metric, told.FirstOrDefault()?.Metric.ToString() ?? "");
        Assert.All(told, entry => Assert.Equal(metric, entry.Metric.ToString()));
        // Next to a router that tells everything everywhere, the way there goes straight all the same.
        Assert.All(told.Where(entry => entry.Metric == 2), entry => Assert.Equal("10.0.0.1", entry.NextHop));
    }

    [Fact]
    public void PassiveInterface_ListensButDoesNotSpeak()
    {
        (SimulatedRouter one, SimulatedRouter two, Segment cable) = Pair(Everywhere, Everywhere with { Interface = On with { Passive = true } });
        Listener listener = new(_network, cable);
        one.AddNetwork("192.168.1.1/24");
        two.AddNetwork("192.168.2.1/24");
        _network.RunFor(60);
        Assert.Equal("2 via 10.0.0.1", two.Describe("192.168.1.0/24"));
        Assert.Equal("none", one.Describe("192.168.2.0/24"));
        Assert.DoesNotContain(listener.Packets, packet => packet.Sender == two.Name);

        // The other way round now: what was told dies of old age, what was not told comes.
        two.Rip.Reconfigure(Everywhere);
        one.Rip.Reconfigure(Everywhere with { Interface = On with { Passive = true } });
        _network.RunFor(10);
        Assert.Equal("2 via 10.0.0.2", one.Describe("192.168.2.0/24"));
        _network.RunFor(200);
        Assert.Equal("none", two.Describe("192.168.1.0/24"));
    }

    [Fact]
    public void DisabledNetworks_AreNeitherToldOfNorSpokenOn()
    {
        RipOptions both = new() { Networks = [Prefix("10.0.0.0/8"), Prefix("192.168.1.0/24")] };
        SimulatedRouter one = _network.AddRouter("r1", both);
        SimulatedRouter two = _network.AddRouter("r2", Everywhere);
        one.AddNetwork("192.168.1.1/24");
        one.AddNetwork("192.168.9.1/24");
        Segment cable = _network.Connect(one, "10.0.0.1/24", two, "10.0.0.2/24");
        Listener listener = new(_network, cable);
        _network.RunFor(10);
        Assert.Equal("2 via 10.0.0.1", two.Describe("192.168.1.0/24"));
        Assert.Equal("none", two.Describe("192.168.9.0/24"));

        // The network is taken out: it is withdrawn by a triggered update.
        one.Rip.Reconfigure(both with { Networks = [Prefix("10.0.0.0/8")] });
        _network.RunFor(5.1);
        Assert.Equal("none", two.Describe("192.168.1.0/24"));
        Assert.Equal(16, two.Status.Routes.Single(route => route.Prefix == Prefix("192.168.1.0/24")).Metric);

        // The link's own network is taken out: no word any more, and none heard.
        one.Rip.Reconfigure(both with { Networks = [Prefix("192.168.1.0/24")] });
        double from = (double)_network.Now / Second;
        _network.RunFor(70);
        Assert.DoesNotContain(listener.Packets, packet => packet.Sender == one.Name && packet.Time > from);
        RipInterfaceStatus silent = one.Status.Interfaces.Single(status => status.Interface == "r1.2");
        Assert.False(silent.IsActive);
        Assert.InRange(silent.Counters.Drops(RipDrop.Disabled), 2, 4);
    }

    [Fact]
    public void Distance_DecidesAgainstOtherSources()
    {
        (SimulatedRouter one, SimulatedRouter two, _) = Pair(Everywhere, Everywhere);
        one.AddNetwork("192.168.1.1/24");
        two.AddStatic("192.168.1.0/24", "10.0.0.77", distance: 110);
        _network.RunFor(10);
        Assert.Equal((RouteSource.Static, 110), Preferred());
        two.Rip.Reconfigure(Everywhere with { Distance = 100 });
        Assert.Equal((RouteSource.Rip, 100), Preferred());
        two.Rip.Reconfigure(Everywhere with { Distances = [new RipDistance(Prefix("10.0.0.0/24"), 130), new RipDistance(Prefix("10.0.0.1/32"), 90)] });
        Assert.Equal((RouteSource.Rip, 90), Preferred());
        two.Rip.Reconfigure(Everywhere with { Distance = Route.Unusable });
        Assert.Equal((RouteSource.Static, 110), Preferred());
        two.RemoveStatic("192.168.1.0/24");
        Assert.Null(two.Routes.Find(Prefix("192.168.1.0/24")));

        (RouteSource, byte) Preferred() => two.Routes.Find(Prefix("192.168.1.0/24")) is { } route ? (route.Source, route.Distance) : default;
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 2)]
    [InlineData(16, 16)]
    public void AllowEcmp_KeepsAsManyWaysAsItMay(int maxPaths, int expected)
    {
        SimulatedRouter one = _network.AddRouter("r1", Everywhere with { MaxPaths = maxPaths });
        SimulatedRouter far = _network.AddRouter("far", Everywhere);
        far.AddNetwork("192.168.1.1/24");
        Segment near = _network.AddSegment();
        near.Attach(one, "10.0.0.1/24");
        Segment behind = _network.AddSegment();
        behind.Attach(far, "10.0.1.1/24");
        for (int i = 0; i < 18; i++)
        {
            SimulatedRouter middle = _network.AddRouter($"m{i}", Everywhere);
            near.Attach(middle, $"10.0.0.{10 + i}/24");
            behind.Attach(middle, $"10.0.1.{10 + i}/24");
        }

        _network.RunFor(60);
        Route route = one.Routes.Find(Prefix("192.168.1.0/24"))!;
        Assert.Equal(3u, route.Metric);
        Assert.Equal(expected, route.NextHops.Distinct().Count());
        if (maxPaths != 16)
            return;

        // Down to one, and one that goes silent is left.
        one.Rip.Reconfigure(Everywhere with { MaxPaths = 1 });
        NextHop gone = route.NextHops[0];
        _network.Routers.Single(router => router.Interfaces[0].IsOwn(gone.Gateway)).SetUp(0, false);
        _network.RunFor(200);
        Assert.DoesNotContain(gone, one.Routes.Find(Prefix("192.168.1.0/24"))!.NextHops);
    }

    [Fact]
    public void DefaultMetric_IsThatOfRedistributedRoutesWithoutOne()
    {
        RipOptions options = Everywhere with
        {
            DefaultMetric = 3,
            Redistribute = new Redistribution(
            [
                Statics with { Filter = new RouteFilter("f", [new RouteFilterTerm(1, true) { Tag = 7, SetMetric = 9, SetTag = 70 }, new RouteFilterTerm(2, true)]) },
            ]),
        };
        (SimulatedRouter one, SimulatedRouter two, _) = Pair(options, Everywhere);
        one.AddStatic("172.16.1.0/24");
        one.AddStatic("172.16.2.0/24", tag: 7);
        one.AddStatic("172.16.3.0/24", tag: 5);
        _network.RunFor(10);
        Assert.Equal("4 via 10.0.0.1", two.Describe("172.16.1.0/24"));
        Assert.Equal("10 via 10.0.0.1", two.Describe("172.16.2.0/24"));
        Assert.Equal(70u, two.Routes.Find(Prefix("172.16.2.0/24"))!.Tag);
        Assert.Equal(5u, two.Routes.Find(Prefix("172.16.3.0/24"))!.Tag);
        one.Rip.Reconfigure(options with { DefaultMetric = 5 });
        _network.RunFor(6);
        Assert.Equal("6 via 10.0.0.1", two.Describe("172.16.1.0/24"));
        one.RemoveStatic("172.16.1.0/24");
        _network.RunFor(6);
        Assert.Equal("none", two.Describe("172.16.1.0/24"));
    }

    [Fact]
    public void DefaultRouteHandling_IsOfferedAlwaysOrWhenThereIsOne()
    {
        RipOptions options = Everywhere with { DefaultRoute = new RipDefaultRoute { Always = false, Metric = 4, Tag = 11 } };
        (SimulatedRouter one, SimulatedRouter two, _) = Pair(options, Everywhere);
        SimulatedRouter three = _network.AddRouter("r3", Everywhere);
        _network.Connect(two, "10.0.1.1/24", three, "10.0.1.2/24");
        _network.RunFor(40);
        Assert.Equal("none", three.Describe("0.0.0.0/0"));
        one.AddStatic("0.0.0.0/0");
        _network.RunFor(11);
        Assert.Equal("6 via 10.0.1.1", three.Describe("0.0.0.0/0"));
        Assert.Equal(11u, three.Routes.Find(Prefix("0.0.0.0/0"))!.Tag);
        one.RemoveStatic("0.0.0.0/0");
        _network.RunFor(11);
        Assert.Equal("none", three.Describe("0.0.0.0/0"));
        one.Rip.Reconfigure(options with { DefaultRoute = new RipDefaultRoute() });
        _network.RunFor(11);
        Assert.Equal("3 via 10.0.1.1", three.Describe("0.0.0.0/0"));
        one.Rip.Reconfigure(Everywhere);
        _network.RunFor(11);
        Assert.Equal("none", three.Describe("0.0.0.0/0"));
    }

    [Fact]
    public void NoNeighbor_OneThatIsNamedIsToldAndOneThatIsTakenOutIsNot()
    {
        RipOptions quiet = Everywhere with { Interface = On with { Passive = true } };
        RipOptions named = quiet with { Neighbors = [Address("10.0.0.2")] };
        SimulatedRouter one = _network.AddRouter("r1", named);
        SimulatedRouter two = _network.AddRouter("r2", quiet);
        SimulatedRouter three = _network.AddRouter("r3", quiet);
        one.AddNetwork("192.168.1.1/24");
        Segment lan = _network.AddSegment();
        lan.Attach(one, "10.0.0.1/24");
        lan.Attach(two, "10.0.0.2/24");
        lan.Attach(three, "10.0.0.3/24");
        Listener listener = new(_network, lan);
        _network.RunFor(60);
        Assert.Equal("2 via 10.0.0.1", two.Describe("192.168.1.0/24"));
        Assert.Equal("none", three.Describe("192.168.1.0/24"));
        Assert.All(listener.Packets, packet => Assert.Equal((one.Name, "10.0.0.2"), (packet.Sender, packet.Destination)));

        one.Rip.Reconfigure(quiet);
        int before = listener.Packets.Count;
        _network.RunFor(100);
        Assert.Equal(before, listener.Packets.Count);
        Assert.Equal("2 via 10.0.0.1", two.Describe("192.168.1.0/24"));
        _network.RunFor(90);
        Assert.Equal("none", two.Describe("192.168.1.0/24"));
    }

    [Theory]
    [InlineData(RipVersions.V2, RipVersions.V2, true)]
    [InlineData(RipVersions.V1, RipVersions.V2, false)]
    [InlineData(RipVersions.V2, RipVersions.V1, false)]
    [InlineData(RipVersions.V1, RipVersions.V1, true)]
    [InlineData(RipVersions.V1, RipVersions.Both, true)]
    [InlineData(RipVersions.Both, RipVersions.V1, true)]
    [InlineData(RipVersions.Both, RipVersions.None, false)]
    [InlineData(RipVersions.None, RipVersions.Both, false)]
    public void SendRecvVersion_BothEndsMustAgree(RipVersions send, RipVersions receive, bool arrives)
    {
        (SimulatedRouter one, SimulatedRouter two, Segment cable) = Pair(
            Everywhere with { Interface = On with { Send = send } }, Everywhere with { Interface = On with { Receive = receive } });
        Listener listener = new(_network, cable);
        one.AddNetwork("192.168.1.1/24");
        _network.RunFor(40);
        Assert.Equal(arrives ? "2 via 10.0.0.1" : "none", two.Describe("192.168.1.0/24"));
        byte[] versions = [.. listener.Packets.Where(packet => packet.Sender == one.Name && packet.Command == 2 && packet.Destination != "10.0.0.2").Select(packet => packet.Version).Distinct().Order()];
        Assert.Equal(send switch { RipVersions.V1 => [1], RipVersions.V2 => [2], RipVersions.Both => [1, 2], _ => [] }, versions);
        if (!arrives && send != RipVersions.None)
            Assert.NotEqual(0, two.Status.Interfaces[0].Counters.Drops(RipDrop.Version));
    }

    private (SimulatedRouter One, SimulatedRouter Two, Segment Cable) Pair(RipOptions one, RipOptions two)
    {
        SimulatedRouter first = _network.AddRouter("r1", one);
        SimulatedRouter second = _network.AddRouter("r2", two);
        return (first, second, _network.Connect(first, "10.0.0.1/24", second, "10.0.0.2/24"));
    }
}
