using Fabric.Routing.Rip;
using Fabric.Routing.Tests.Rip.Simulation;
using Fabric.TestKit;
using static Fabric.Routing.Tests.Rip.Simulation.Network;
using static Fabric.Routing.Tests.Rip.Simulation.Stranger;

namespace Fabric.Routing.Tests.Rip;

/// <summary>What a router takes from its link, and what it refuses, in bytes of the test's own making (RFC 2453, RFC 1058).</summary>
public sealed class InputTests
{
    private const string Peer = "10.0.0.9";
    private static readonly RipOptions Everywhere = new() { Interface = new RipInterfaceOptions { Enabled = true } };
    private readonly Network _network = new(TestSeed.Seed);
    private readonly Segment _lan;
    private readonly SimulatedRouter _router;
    private readonly Stranger _peer;
    private readonly Listener _listener;

    public InputTests()
    {
        _lan = _network.AddSegment();
        _router = _network.AddRouter("r1", Everywhere);
        _lan.Attach(_router, "10.0.0.1/24 10.9.0.1/24");
        _peer = new Stranger(_network, _lan, $"{Peer}/24");
        _listener = new Listener(_network, _lan);
        _network.RunFor(6);
    }

    private RipCounters Counters => _router.Status.Interfaces[0].Counters;

    [Fact]
    public void ARouteComesRefreshesWorsensAndDies()
    {
        _peer.Respond(Peer, Entry("172.16.0.0/16", 3, tag: 77));
        Assert.Equal("4 via 10.0.0.9", _router.Describe("172.16.0.0/16"));
        Assert.Equal(77u, _router.Routes.Find(Prefix("172.16.0.0/16"))!.Tag);
        _peer.Respond(Peer, Entry("172.16.0.0/16", 9, tag: 78));
        Assert.Equal("10 via 10.0.0.9", _router.Describe("172.16.0.0/16"));
        Assert.Equal(78u, _router.Routes.Find(Prefix("172.16.0.0/16"))!.Tag);
        // Of others a worse one counts for nothing, a better one takes over.
        _peer.Respond("10.0.0.8", Entry("172.16.0.0/16", 10));
        Assert.Equal("10 via 10.0.0.9", _router.Describe("172.16.0.0/16"));
        _peer.Respond("10.0.0.8", Entry("172.16.0.0/16", 2));
        Assert.Equal("3 via 10.0.0.8", _router.Describe("172.16.0.0/16"));
        _peer.Respond(Peer, Entry("172.16.0.0/16", 16));
        Assert.Equal("3 via 10.0.0.8", _router.Describe("172.16.0.0/16"));
        _peer.Respond("10.0.0.8", Entry("172.16.0.0/16", 15));
        Assert.Equal("none", _router.Describe("172.16.0.0/16"));
        _peer.Respond(Peer, Entry("172.16.0.0/16", 14));
        Assert.Equal("15 via 10.0.0.9", _router.Describe("172.16.0.0/16"));
        Assert.Equal(0, Counters.BadRoutes + Counters.BadPackets);
    }

    [Fact]
    public void ARouteNobodySpeaksOfDiesAndIsForgotten()
    {
        _peer.Respond(Peer, Entry("172.16.0.0/16", 3));
        _network.RunFor(100);
        _peer.Respond(Peer, Entry("172.16.0.0/16", 3));
        double refreshed = (double)_network.Now / Second;
        _network.RunFor(179.8);
        Assert.Equal("4 via 10.0.0.9", _router.Describe("172.16.0.0/16"));
        _network.RunFor(0.3);
        Assert.Equal("none", _router.Describe("172.16.0.0/16"));
        // Told of as unreachable soon, and for two minutes.
        _network.RunFor(5.1);
        Assert.Equal(16u, _listener.Told(_router, "172.16.0.0/16", refreshed + 180)[0].Metric);
        _network.RunFor(114);
        Assert.Contains(_router.Status.Routes, route => route.Prefix == Prefix("172.16.0.0/16"));
        _network.RunFor(2);
        Assert.DoesNotContain(_router.Status.Routes, route => route.Prefix == Prefix("172.16.0.0/16"));
        Assert.All(_listener.Told(_router, "172.16.0.0/16"), entry => Assert.Equal(16u, entry.Metric));
    }

    [Fact]
    public void OnAnEqualMetricARouterWithASingleWayChangesPastHalfTheTimeout()
    {
        _router.Rip.Reconfigure(Everywhere with { MaxPaths = 1 });
        _peer.Respond(Peer, Entry("172.16.0.0/16", 3));
        _network.RunFor(85);
        _peer.Respond("10.0.0.8", Entry("172.16.0.0/16", 3));
        Assert.Equal("4 via 10.0.0.9", _router.Describe("172.16.0.0/16"));
        _network.RunFor(10);
        _peer.Respond("10.0.0.8", Entry("172.16.0.0/16", 3));
        Assert.Equal("4 via 10.0.0.8", _router.Describe("172.16.0.0/16"));
    }

    [Fact]
    public void ANetworkNeverSeenIsNotLearnedAsUnreachable()
    {
        _peer.Respond(Peer, Entry("172.16.0.0/16", 15), Entry("172.17.0.0/16", 16));
        Assert.DoesNotContain(_router.Status.Routes, route => route.Origin == RipOrigin.Learned);
    }

    [Fact]
    public void ABadEntryIsSkippedAndItsNeighboursAreNot()
    {
        _peer.Respond(
            Peer, Entry("172.16.1.0/24", 1), Entry("127.0.0.0/8", 1), Entry("224.0.0.0/4", 1), Entry("240.0.0.0/8", 1), Entry("0.1.0.0/16", 1), Entry("0.0.0.0/8", 1),
            Entry("255.255.255.255/32", 1), Entry("172.16.2.0/24", 0), Entry("172.16.2.0/24", 17), Entry("172.16.2.0/24", 0x1000001), Entry("172.16.2.0/24", 1, family: 3),
            Entry("172.16.2.0/24", 1, mask: 0xFFFF00FF), Entry("172.16.2.1/24", 1), Entry("172.16.3.0/24", 1), Entry("0.0.0.0/0", 1));
        Assert.Equal("2 via 10.0.0.9", _router.Describe("172.16.1.0/24"));
        Assert.Equal("2 via 10.0.0.9", _router.Describe("172.16.3.0/24"));
        Assert.Equal("2 via 10.0.0.9", _router.Describe("0.0.0.0/0"));
        Assert.Equal(3, _router.Status.Routes.Count(route => route.Origin == RipOrigin.Learned));
        Assert.Equal(
            [(RipDrop.Family, 1), (RipDrop.Martian, 6), (RipDrop.Mask, 2), (RipDrop.Metric, 3)],
            Counters.AllDrops().Select(drop => (drop.Key, (int)drop.Value)));
        RipNeighborStatus neighbor = Assert.Single(_router.Status.Neighbors);
        Assert.Equal((Peer, 12, 15, 3), (neighbor.Address.ToString(), (int)neighbor.Counters.BadRoutes, (int)neighbor.Counters.EntriesReceived, neighbor.Routes));
    }

    [Fact]
    public void ResponsesCountOnlyFromTheRipPortOfOthersOnTheLink()
    {
        byte[][] entries = [Entry("172.16.0.0/16", 1)];
        _peer.Say(2, 2, entries, Peer, port: 521);
        _peer.Say(2, 2, entries, "10.0.1.9");
        _peer.Say(2, 2, entries, "10.0.0.1");
        _peer.Say(2, 0, entries, Peer);
        _peer.Say(3, 2, entries, Peer);
        _peer.SayBytes([2, 2, 0], Peer);
        _peer.SayBytes([2, 2, 0, 0, 0, 2], Peer);
        _peer.SayBytes([], Peer);
        Assert.Equal(
            [(RipDrop.Malformed, 3), (RipDrop.Version, 1), (RipDrop.Command, 1), (RipDrop.SourcePort, 1), (RipDrop.OffLink, 1), (RipDrop.Own, 1)],
            Counters.AllDrops().Select(drop => (drop.Key, (int)drop.Value)));
        Assert.Empty(_router.Status.Neighbors);
        Assert.Equal(8, Counters.PacketsReceived);
        // From the interface's second network it counts; a version above 2 is read as 2.
        _peer.Say(2, 9, entries, "10.9.0.9");
        Assert.Equal("2 via 10.9.0.9", _router.Describe("172.16.0.0/16"));
    }

    [Fact]
    public void ABetterNextHopIsUsedOnlyOnTheLink()
    {
        _peer.Respond(Peer, Entry("172.16.1.0/24", 1, "10.0.0.7"), Entry("172.16.2.0/24", 1, "10.7.0.7"), Entry("172.16.3.0/24", 1, "10.0.0.1"), Entry("172.16.4.0/24", 1, "224.0.0.9"));
        Assert.Equal("2 via 10.0.0.7", _router.Describe("172.16.1.0/24"));
        Assert.Equal("2 via 10.0.0.9", _router.Describe("172.16.2.0/24"));
        // By itself, by way of another: a circle.
        Assert.Equal("none", _router.Describe("172.16.3.0/24"));
        Assert.Equal("2 via 10.0.0.9", _router.Describe("172.16.4.0/24"));
    }

    [Fact]
    public void VersionOneIsReadByClassAndItsOtherFieldsMustBeZero()
    {
        _peer.Say(2, 1, [Entry("172.16.0.0", 1), Entry("10.3.0.0", 1, mask: 0), Entry("192.168.7.0", 1), Entry("10.0.0.77", 1), Entry("0.0.0.0", 1)], Peer);
        // A subnet of the link's own network has the link's mask, what is set behind it is a host.
        Assert.Equal(
            ["0.0.0.0/0", "10.0.0.77/32", "10.3.0.0/24", "172.16.0.0/16", "192.168.7.0/24"],
            _router.Status.Routes.Where(route => route.Origin == RipOrigin.Learned).Select(route => route.Prefix.ToString()));
        _peer.Say(2, 1, [Entry("172.18.0.0", 1, nextHop: "10.0.0.7"), Entry("172.18.0.0", 1, tag: 1), Entry("172.18.0.0/16", 1)], Peer);
        _peer.Say(2, 1, [Entry("172.18.0.0", 1)], Peer, unused: 1);
        Assert.Equal(4, Counters.Drops(RipDrop.NotZero));
        Assert.Equal("none", _router.Describe("172.18.0.0/16"));
    }

    [Fact]
    public void ARequestForEverythingIsAnsweredToTheSendersPort()
    {
        _router.AddNetwork("192.168.1.1/24");
        _peer.Respond("10.0.0.8", Entry("172.16.0.0/16", 1));
        _network.RunFor(10);
        _listener.Packets.Clear();
        _peer.Say(1, 2, [Entry("0.0.0.0", 16, family: 0)], Peer, "10.0.0.1", port: 40000);
        Listener.Packet answer = Assert.Single(_listener.Packets, packet => packet.Sender == _router.Name);
        Assert.Equal((2, 2, "10.0.0.9", 40000), (answer.Command, answer.Version, answer.Destination, answer.Port));
        // With split horizon.
        Assert.Equal(
            ["10.0.0.0/24 16", "10.9.0.0/24 16", "172.16.0.0/16 16", "192.168.1.0/24 1"], answer.Entries.Select(entry => $"{entry.Prefix} {entry.Metric}").Order());
    }

    [Fact]
    public void ARequestForCertainNetworksIsAnsweredOneByOneWithoutSplitHorizon()
    {
        _peer.Respond("10.0.0.8", Entry("172.16.0.0/16", 1));
        _network.RunFor(10);
        _listener.Packets.Clear();
        _peer.Say(1, 2, [Entry("172.16.0.0/16", 0), Entry("172.16.0.0/24", 9), Entry("10.0.0.0/24", 3)], Peer, "10.0.0.1");
        Listener.Packet answer = Assert.Single(_listener.Packets, packet => packet.Sender == _router.Name);
        Assert.Equal(("10.0.0.9", 520), (answer.Destination, answer.Port));
        Assert.Equal(["172.16.0.0/16 2", "172.16.0.0/24 16", "10.0.0.0/24 1"], answer.Entries.Select(entry => $"{entry.Prefix} {entry.Metric}"));
        _peer.Say(1, 2, [], Peer, "10.0.0.1");
        Assert.Single(_listener.Packets, packet => packet.Sender == _router.Name);
    }

    [Fact]
    public void APassiveRouterAnswersThoseWhoLookForFaultsOnly()
    {
        _router.Rip.Reconfigure(Everywhere with { Interface = new RipInterfaceOptions { Enabled = true, Passive = true } });
        _listener.Packets.Clear();
        _peer.Say(1, 2, [Entry("0.0.0.0", 16, family: 0)], Peer);
        Assert.DoesNotContain(_listener.Packets, packet => packet.Sender == _router.Name);
        Assert.Equal(1, Counters.Drops(RipDrop.Passive));
        _peer.Say(1, 2, [Entry("0.0.0.0", 16, family: 0)], Peer, port: 4000);
        Assert.Single(_listener.Packets, packet => packet.Sender == _router.Name);
    }

    [Fact]
    public void NothingThatIsSaidGrowsTheTablesPastTheirLimits()
    {
        _router.Rip.Reconfigure(Everywhere with { RouteLimit = 100, NeighborLimit = 5 });
        for (int i = 0; i < 10; i++)
            _peer.Respond($"10.0.0.{20 + i}", [.. Enumerable.Range(0, 25).Select(k => Entry($"172.{16 + i}.{k}.0/24", 1))]);
        Assert.Equal(100, _router.Rip.Count);
        Assert.Equal(5, _router.Status.Neighbors.Count);
        Assert.Equal(5, Counters.Drops(RipDrop.NeighborLimit));
        Assert.Equal((5 * 25) - 98, Counters.Drops(RipDrop.RouteLimit));
        // What is known is still refreshed, and the router's own is always told.
        _peer.Respond("10.0.0.20", Entry("172.16.0.0/24", 5));
        Assert.Equal("6 via 10.0.0.20", _router.Describe("172.16.0.0/24"));
        _router.AddNetwork("192.168.1.1/24");
        Assert.Equal(101, _router.Rip.Count);
        // Who has been silent, and has no routes, makes room.
        _network.RunFor(400);
        _peer.Respond("10.0.0.99", Entry("172.16.0.0/24", 1));
        Assert.Equal("2 via 10.0.0.99", _router.Describe("172.16.0.0/24"));
    }

    [Fact]
    public void DistributeListsAndOffsetsChangeWhatIsHeardAndTold()
    {
        RipInterfaceOptions link = new()
        {
            Enabled = true, SplitHorizon = RipSplitHorizon.Off, OffsetsIn = [new RipOffset(prefix => prefix.Length == 24, 4)], OffsetsOut = [new RipOffset(null, 20 - 7)],
            Announces = prefix => prefix != Prefix("10.9.0.0/24"),
        };
        _router.Rip.Reconfigure(Everywhere with
        {
            Interface = link, Accepts = prefix => prefix.Address.V4 >> 24 == 172, OffsetsIn = [new RipOffset(null, 1)], OffsetsOut = [new RipOffset(null, 1)],
        });
        _peer.Respond(Peer, Entry("172.16.1.0/24", 1), Entry("172.17.0.0/16", 1), Entry("192.168.1.0/24", 1));
        Assert.Equal("6 via 10.0.0.9", _router.Describe("172.16.1.0/24"));
        Assert.Equal("3 via 10.0.0.9", _router.Describe("172.17.0.0/16"));
        Assert.Equal("none", _router.Describe("192.168.1.0/24"));
        Assert.Equal(1, Counters.Drops(RipDrop.Filtered));
        _listener.Packets.Clear();
        _network.RunFor(40);
        Assert.Equal(16u, _listener.Told(_router, "172.17.0.0/16")[0].Metric);
        Assert.Equal(14u, _listener.Told(_router, "10.0.0.0/24")[0].Metric);
        Assert.Empty(_listener.Told(_router, "10.9.0.0/24"));
    }
}
