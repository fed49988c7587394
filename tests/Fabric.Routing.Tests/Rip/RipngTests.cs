using Fabric.Routing.Rib;
using Fabric.Routing.Rip;
using Fabric.Routing.Tests.Rip.Simulation;
using Fabric.TestKit;
using Fabric.Wire;
using static Fabric.Routing.Tests.Rip.Simulation.Network;
using static Fabric.Routing.Tests.Rip.Simulation.Stranger;

namespace Fabric.Routing.Tests.Rip;

/// <summary>What is different in RIPng (RFC 2080).</summary>
public sealed class RipngTests
{
    private const string Peer = "fe80::9";
    private static readonly RipOptions Everywhere = new()
    {
        IsNg = true, Interface = new RipInterfaceOptions { Enabled = true }, Redistribute = new Redistribution([new RedistributionRule(RouteSource.Static)]),
    };

    private readonly Network _network = new(TestSeed.Seed);
    private readonly SimulatedRouter _router;
    private readonly Stranger _peer;
    private readonly Listener _listener;

    public RipngTests()
    {
        Segment lan = _network.AddSegment();
        _router = _network.AddRouter("r1", Everywhere);
        lan.Attach(_router, "2001:db8:1::1/64 fe80::1/64");
        _peer = new Stranger(_network, lan, $"2001:db8:1::9/64 {Peer}/64");
        _listener = new Listener(_network, lan);
        _network.RunFor(6);
    }

    private RipCounters Counters => _router.Status.Interfaces[0].Counters;

    [Fact]
    public void UpdatesFillTheLinksMtu()
    {
        for (int i = 0; i < 200; i++)
            _router.AddStatic($"2001:db8:{0x1000 + i:x}::/48");
        _listener.Packets.Clear();
        _network.RunFor(6);
        // (1500 - 40 - 8 - 4) / 20.
        Assert.Equal([72, 72, 56], _listener.Packets.Select(packet => packet.Entries.Count));
        Assert.All(_listener.Packets, packet => Assert.Equal(("ff02::9", 521, 255, 1), (packet.Destination, packet.Port, packet.HopLimit, packet.Version)));
        _router.Change(0, link => link with { Mtu = 9000 });
        _listener.Packets.Clear();
        _network.RunFor(40);
        Assert.Equal(201, _listener.Packets[0].Entries.Count);
    }

    [Fact]
    public void NextHopEntriesHoldForWhatFollows()
    {
        _peer.RespondNg(
            Peer, EntryNg("2001:db8:10::", 48, 1), EntryNg("fe80::77", 0, 0xFF), EntryNg("2001:db8:11::", 48, 1, 5), EntryNg("2001:db8:12::", 48, 2), EntryNg("2001:db8::7", 0, 0xFF),
            EntryNg("2001:db8:13::", 48, 1), EntryNg("::", 0, 0xFF), EntryNg("2001:db8:14::", 48, 1), EntryNg("fe80::1", 0, 0xFF), EntryNg("2001:db8:15::", 48, 1));
        Assert.Equal(
            ["2 via fe80::9", "2 via fe80::77", "3 via fe80::77", "2 via fe80::9", "2 via fe80::9", "none"],
            Enumerable.Range(0x10, 6).Select(i => _router.Describe($"2001:db8:{i:x}::/48")));
        Assert.Equal(5u, _router.Routes.Find(Prefix("2001:db8:11::/48"))!.Tag);
    }

    [Fact]
    public void ARouteByAnotherOnTheLinkIsToldWithItsNextHop()
    {
        _router.AddStatic("2001:db8:20::/48", "fe80::44");
        _router.AddStatic("2001:db8:21::/48", "fe80::44");
        _router.AddStatic("2001:db8:22::/48", "2001:db8:1::44");
        _network.RunFor(6);
        Listener.Entry[] told = [.. _listener.Packets[^1].Entries];
        Assert.Equal(["2001:db8:20::/48 fe80::44", "2001:db8:21::/48 fe80::44", "2001:db8:22::/48 ::"], told.Select(entry => $"{entry.Prefix} {entry.NextHop}").Where(text => text.StartsWith("2001:db8:2", StringComparison.Ordinal)));
    }

    [Fact]
    public void OnlyLinkLocalSendersWithTheFullHopLimitCount()
    {
        byte[] response = [2, 1, 0, 0, .. EntryNg("2001:db8:10::", 48, 1)];
        _peer.SayBytes(response, Peer, "ff02::9", 521, 521, hopLimit: 254);
        _peer.SayBytes(response, "2001:db8:1::9", "ff02::9", 521, 521);
        _peer.SayBytes(response, Peer, "ff02::9", 520, 521);
        _peer.SayBytes(response, "fe80::1", "ff02::9", 521, 521);
        response[1] = 2;
        _peer.SayBytes(response, Peer, "ff02::9", 521, 521);
        Assert.Equal(
            [(RipDrop.Version, 1), (RipDrop.SourcePort, 1), (RipDrop.OffLink, 1), (RipDrop.Own, 1), (RipDrop.HopLimit, 1)],
            Counters.AllDrops().Select(drop => (drop.Key, (int)drop.Value)));
        Assert.Equal("none", _router.Describe("2001:db8:10::/48"));
    }

    [Fact]
    public void NetworksThatCannotBeAreSkipped()
    {
        _peer.RespondNg(
            Peer, EntryNg("2001:db8:10::", 48, 1), EntryNg("fe80::", 64, 1), EntryNg("ff02::", 16, 1), EntryNg("::1", 128, 1), Mapped(), EntryNg("::", 16, 1),
            EntryNg("2001:db8:11::", 129, 1), EntryNg("2001:db8:11::1", 48, 1), EntryNg("2001:db8:11::", 48, 0), EntryNg("2001:db8:11::", 48, 17), EntryNg("::", 0, 1));
        Assert.Equal([(RipDrop.Martian, 5), (RipDrop.Mask, 2), (RipDrop.Metric, 2)], Counters.AllDrops().Select(drop => (drop.Key, (int)drop.Value)));
        Assert.Equal("2 via fe80::9", _router.Describe("::/0"));
        Assert.Equal(2, _router.Status.Routes.Count(route => route.Origin == RipOrigin.Learned));
    }

    [Fact]
    public void RequestsAreAnsweredAlsoToThoseWithAGlobalAddress()
    {
        _router.AddStatic("2001:db8:30::/48");
        _network.RunFor(6);
        _listener.Packets.Clear();
        _peer.SayBytes([1, 1, 0, 0, .. EntryNg("::", 0, 16)], "2001:db8:1::9", "2001:db8:1::1", 4000, 521, hopLimit: 64);
        Listener.Packet answer = Assert.Single(_listener.Packets, packet => packet.Sender == "r1");
        Assert.Equal(("2001:db8:1::9", 4000), (answer.Destination, answer.Port));
        _peer.SayBytes([1, 1, 0, 0, .. EntryNg("2001:db8:30::", 48, 0), .. EntryNg("2001:db8:31::", 48, 0)], Peer, "fe80::1", 521, 521);
        Assert.Equal(["1", "16"], _listener.Packets[^1].Entries.Select(entry => $"{entry.Metric}"));
        _peer.SayBytes([1, 1, 0, 0, .. EntryNg("::", 0, 16)], "2001:db8:2::9", "2001:db8:1::1", 4000, 521, hopLimit: 64);
        Assert.Equal(1, Counters.Drops(RipDrop.OffLink));
    }

    [Fact]
    public void BothFamiliesRunSideBySide()
    {
        SimulatedRouter two = _network.AddRouter("r2", new RipOptions { Interface = Everywhere.Interface }, Everywhere);
        SimulatedRouter three = _network.AddRouter("r3", new RipOptions { Interface = Everywhere.Interface }, Everywhere);
        two.AddNetwork("192.168.1.1/24 2001:db8:7::1/64");
        _network.Connect(two, "10.0.0.1/24 2001:db8:8::1/64", three, "10.0.0.2/24 2001:db8:8::2/64");
        _network.RunFor(10);
        Assert.Equal("2 via 10.0.0.1", three.Describe("192.168.1.0/24"));
        IpAddress near = two.Interfaces[1].LinkLocal!.Value.Address;
        Assert.Equal($"2 via {near}", three.Describe("2001:db8:7::/64"));
    }

    private static byte[] Mapped()
    {
        byte[] entry = EntryNg("::", 104, 1);
        (entry[10], entry[11], entry[12]) = (0xFF, 0xFF, 10);
        return entry;
    }
}
