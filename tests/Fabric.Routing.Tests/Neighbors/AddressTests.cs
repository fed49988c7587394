using Fabric.Hosts;
using Fabric.Hosts.Messages;
using Fabric.Link;
using Fabric.Routing.Neighbors;
using Fabric.Routing.Tests.Kit;
using Fabric.TestKit.Link;
using Fabric.Wire;
using static Fabric.Routing.Tests.Kit.RoutedNetwork;

namespace Fabric.Routing.Tests.Neighbors;

/// <summary>How a router takes its addresses up, and what it tells hosts (RFC 5227; RFC 4861; RFC 4862).</summary>
public sealed class AddressTests : IDisposable
{
    private readonly RoutedNetwork _network = new();

    public void Dispose() => _network.Dispose();

    [Fact]
    public void Hosts_form_addresses_from_advertised_prefixes_and_find_their_router()
    {
        Router router = _network.AddRouter("r1");
        Host left = _network.AddHost(
            router,
            "2001:db8:1::1/64",
            "",
            host => host with { Autoconfigure = true, GatewayV6 = null },
            link => link with { Advertisements = new RouterAdvertisementOptions() });
        _network.AddHost(router, "2001:db8:2::1/64", "2001:db8:2::2/64");
        _network.Run(3);
        Assert.Contains(left.Addresses, own => Prefix("2001:db8:1::/64").Contains(own.Address));
        Assert.True(_network.Await(left.PingAsync(Address("2001:db8:2::2"))).IsComplete);
    }

    [Fact]
    public void Advertisements_come_at_random_within_their_bounds_and_end_with_a_good_bye()
    {
        Router router = _network.AddRouter("r1");
        RouterAdvertisementOptions told = new()
        {
            MaxInterval = TimeSpan.FromSeconds(30), Lifetime = TimeSpan.FromSeconds(90), NameServers = [Address("2001:db8::53")],
        };
        MemoryLink cable = _network.Attach(router, "2001:db8:1::1/64", out RouterInterface link, options => options with { Advertisements = told, Mtu = 1400 });
        LooseEnd end = new(_network, cable, link);
        List<double> times = [];
        for (double now = 0; now < 300; now += 0.1)
        {
            _network.Step = TimeSpan.FromMilliseconds(100);
            _network.Run(0.1);
            times.AddRange(Advertisements(end).Select(_ => now));
        }

        double[] gaps = [.. times.Zip(times.Skip(1), (one, other) => other - one)];
        Assert.All(gaps.Take(2), gap => Assert.InRange(gap, 3, 16.2));
        Assert.All(gaps.Skip(2), gap => Assert.InRange(gap, 9.8, 30.2));
        Assert.True(gaps.Skip(2).Max() - gaps.Skip(2).Min() > 3, "the intervals are not random");

        // A host asks: it is answered soon, but not again at once.
        end.Deliver(Solicitation());
        end.Deliver(Solicitation());
        _network.Run(4);
        byte[] told6 = Assert.Single(Advertisements(end));
        Assert.True(Ipv6View.TryParse(told6.AsSpan(14), out Ipv6View ip) && ip.HopLimit == 255 && ip.Source.IsLinkLocal);
        Assert.True(RouterAdvertisementView.TryParse(ip.Payload, out RouterAdvertisementView view));
        Assert.Equal((90, 64), (view.RouterLifetime, view.HopLimit));
        Assert.Equal(
            [NeighborOption.SourceLinkLayerAddress, NeighborOption.Mtu, NeighborOption.PrefixInformation, NeighborOption.RecursiveDnsServer], Kinds(view.Options));
        router.Detach(link.Index);
        Assert.Equal(0, Lifetime(Assert.Single(Advertisements(end))));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(0x06_05_04_03_02_01)]
    [InlineData(0xFF_FF_FF_FF_FF_FF)]
    public void An_Ethernet_address_that_is_no_stations_is_refused(long bits)
    {
        Router router = _network.AddRouter("r1");
        MacAddress mac = MacAddress.FromBits((ulong)bits);
        RoutingException error = Assert.Throws<RoutingException>(() => _network.Attach(router, "10.0.1.1/24", out _, options => options with { Mac = mac }));
        Assert.Equal($"interface r1.1 of router r1: {mac} is no station's Ethernet address; give it one whose first octet is even", error.Message);
        Assert.Empty(router.Interfaces);
    }

    [Fact]
    public void Addresses_are_announced_when_a_link_comes_up()
    {
        Router router = _network.AddRouter("r1");
        MemoryLink cable = _network.Attach(router, "10.0.1.1/24 2001:db8:1::1/64", out RouterInterface link);
        LooseEnd end = new(_network, cable, link);
        for (int round = 0; round < 2; round++)
        {
            List<byte[]> frames = end.Receive();
            byte[] arp = Assert.Single(frames, frame => LooseEnd.Type(frame) == EtherType.Arp);
            Assert.True(ArpView.TryParse(arp.AsSpan(14), out ArpView view) && view.Sender == view.Target && view.Sender == Address("10.0.1.1"));
            Assert.Equal(2, frames.Count(frame => LooseEnd.Type(frame) == EtherType.Ipv6 && frame[54] == (byte)Icmpv6Type.NeighborAdvertisement));
            cable.SetUp(false);
            _network.Run(0.1);
            cable.SetUp(true);
            _network.Run(0.001);
        }
    }

    [Theory]
    [InlineData("10.0.1.1")]
    [InlineData("2001:db8:1::1")]
    public void An_address_that_somebody_has_is_not_used_where_the_operator_asks_for_the_check(string contested)
    {
        Router router = _network.AddRouter("r1");
        MemoryLink cable = _network.Attach(router, "10.0.1.1/24 2001:db8:1::1/64", out RouterInterface link, options => options with { DetectConflicts = true });
        using Host owner = new(new HostOptions { Name = "h", Mac = MacOf(900), Addresses = [Prefix(contested + (contested.Contains(':', StringComparison.Ordinal) ? "/64" : "/24"))] }, cable.First, _network.Clock);
        _network.Run(0.01);
        List<byte[]> probes = [.. cable.First.ReceiveAll().Select(frame => frame.Bytes)];
        Assert.Contains(probes, frame => LooseEnd.Type(frame) == EtherType.Arp && frame.AsSpan(28, 4).IndexOfAnyExcept((byte)0) < 0);
        owner.Start();
        for (int i = 0; i < 5000; i++)
        {
            _network.Run(0.001);
            cable.First.Receive(owner);
        }

        Assert.Equal([(link.Index, Address(contested))], router.Duplicates);
        Assert.Empty(_network.AddRouter("r2").Duplicates);
    }

    [Fact]
    public void A_claim_to_a_routers_address_is_defended_once_in_a_while()
    {
        Router router = _network.AddRouter("r1");
        MemoryLink cable = _network.Attach(router, "10.0.1.1/24", out RouterInterface link);
        LooseEnd end = new(_network, cable, link);
        end.Receive();
        byte[] claim = new byte[42];
        int at = HeaderWriter.Ethernet(claim, MacAddress.Broadcast, MacOf(66), EtherType.Arp);
        ArpView.Write(claim.AsSpan(at), ArpOperation.Request, MacOf(66), Address("10.0.1.1"), default, Address("10.0.1.1"));
        for (int i = 0; i < 5; i++)
            cable.First.Send(claim);
        Assert.Single(end.Receive(EtherType.Arp), frame => frame.AsSpan(38, 4).SequenceEqual(frame.AsSpan(28, 4)));
        Assert.DoesNotContain(router.Neighbors, neighbor => neighbor.Address == Address("10.0.1.1"));
    }

    [Fact]
    public void Nobody_grows_the_neighbour_table_beyond_its_limits()
    {
        RouterOptions limits = new() { Name = "r1", MaxNeighbors = 64, MaxUnanswered = 16, MaxWaiting = 20 };
        Router router = _network.AddRouter("r1", limits);
        Host real = _network.AddHost(router, "10.0.0.1/16 2001:db8::1/64", "10.0.0.2/16 2001:db8::2/64");
        MemoryLink cable = _network.Attach(router, "10.1.0.1/16", out RouterInterface link);
        LooseEnd end = new(_network, cable, link);
        for (int i = 0; i < 5000; i++)
        {
            byte[] hello = new byte[42];
            int at = HeaderWriter.Ethernet(hello, MacAddress.Broadcast, MacOf(i + 10), EtherType.Arp);
            ArpView.Write(hello.AsSpan(at), ArpOperation.Request, MacOf(i + 10), IpAddress.FromV4(0x0A01_0100 + (uint)i), default, Address("10.1.0.1"));
            cable.First.Send(hello);
            end.Deliver(LooseEnd.Udp("10.1.0.9", IpAddress.FromV4(0x0A00_0100 + (uint)i).ToString()));
            end.Receive();
            if (i % 500 == 0)
                Assert.True(_network.Await(real.PingAsync(Address("10.0.0.1"), new PingOptions { Count = 1 })).IsComplete);
            Assert.InRange(router.Control.Neighbors.Count, 1, 64);
            Assert.InRange(router.Control.Neighbors.Waiting, 0, 20);
        }

        Assert.InRange(router.Neighbors.Count(neighbor => neighbor.State == NeighborState.Incomplete), 1, 16);
        _network.Run(10);
        Assert.Equal(0, router.Control.Neighbors.Waiting);
        Assert.InRange(router.Control.Neighbors.Queued, 0, 64);
    }

    private static List<byte[]> Advertisements(LooseEnd end) =>
        [.. end.Receive(EtherType.Ipv6).Where(frame => frame[20] == (byte)IpProtocol.IcmpV6 && frame[54] == (byte)Icmpv6Type.RouterAdvertisement)];

    private static int Lifetime(byte[] advertisement) => (advertisement[60] << 8) | advertisement[61];

    private static List<NeighborOption> Kinds(NeighborOptions options)
    {
        List<NeighborOption> kinds = [];
        while (options.TryNext(out NeighborOption kind, out _))
            kinds.Add(kind);
        return kinds;
    }

    private static byte[] Solicitation()
    {
        byte[] packet = new byte[Ipv6View.MinHeaderLength + 8];
        packet[40] = (byte)Icmpv6Type.RouterSolicitation;
        HeaderWriter.StoreChecksum(packet.AsSpan(40), IpAddress.AnyV6, IpAddress.AllRouters, IpProtocol.IcmpV6);
        HeaderWriter.V6(packet, IpAddress.AnyV6, IpAddress.AllRouters, IpProtocol.IcmpV6, 8, 255);
        return packet;
    }
}
