using Fabric.Hosts;
using Fabric.Hosts.Messages;
using Fabric.Link;
using Fabric.Routing.Neighbors;
using Fabric.Routing.Tests.Kit;
using Fabric.TestKit.Link;
using Fabric.Wire;
using static Fabric.Routing.Tests.Kit.RoutedNetwork;

namespace Fabric.Routing.Tests.Forwarding;

/// <summary>Hosts reach each other and the router, through routers.</summary>
public sealed class ForwardingTests : IDisposable
{
    private readonly RoutedNetwork _network = new();

    public void Dispose() => _network.Dispose();

    [Theory]
    [InlineData("10.0.2.2")]
    [InlineData("2001:db8:2::2")]
    public void Hosts_on_two_links_reach_each_other(string other)
    {
        Router router = _network.AddRouter("r1");
        Host left = AddLeft(router);
        AddRight(router);
        PingResult result = Ping(left, other);
        Assert.Equal(4, result.Received);
        Assert.All(result.Echoes, echo => Assert.Equal(63, echo.HopLimit));
        Assert.Equal(8, router.Counters.Forwarded);

        // The hosts tell snooping switches of their groups.
        Assert.All(router.Counters.Drops.Keys, reason => Assert.Equal(RouterDrop.NoMember, reason));
    }

    [Theory]
    [InlineData("10.0.1.1", 56)]
    [InlineData("10.0.2.1", 56)]
    [InlineData("10.255.0.1", 4000)]
    [InlineData("2001:db8:1::1", 56)]
    [InlineData("2001:db8:2::1", 1400)]
    [InlineData("2001:db8:ff::1", 4000)]
    public void The_router_answers_at_all_its_addresses(string own, int size)
    {
        Router router = _network.AddRouter("r1");
        Host left = AddLeft(router);
        AddRight(router);
        router.AddLoopback(new RouterInterfaceOptions { Name = "lo", Addresses = [Prefix("10.255.0.1/32"), Prefix("2001:db8:ff::1/128")] });
        PingResult result = Ping(left, own, new PingOptions { Size = size });
        Assert.Equal(4, result.Received);
        Assert.All(result.Echoes, echo => Assert.Equal(Address(own), echo.From));
    }

    [Fact]
    public void No_packet_of_a_burst_leaves_by_a_link_that_has_gone_down_and_changed_no_route()
    {
        Router router = _network.AddRouter("r1");
        MemoryLink left = _network.Attach(router, "10.0.1.1/24", out RouterInterface first);
        MemoryLink bare = _network.Attach(router, "", out RouterInterface second, link => link with { UseV6 = false });
        router.AddNeighbor(second.Index, Address("32.0.0.7"), MacOf(90));
        router.AddRoute(new Route(Prefix("32.0.0.0/8"), RouteSource.Static, 1, 0, 0, RouteKind.Unicast, [new NextHop(second.Index, IpAddress.AnyV4)]));
        byte[] packet = LooseEnd.Udp("10.0.1.9", "32.0.0.7");
        byte[] frame = [.. new byte[EthernetView.MinHeaderLength], .. packet];
        HeaderWriter.Ethernet(frame, first.Mac, MacOf(91), EtherType.Ipv4);
        foreach (bool up in new[] { true, false, true })
        {
            bare.SetUp(up);
            _network.Run(0.01);
            bare.First.ReceiveAll();
            long before = router.Counters.Forwarded;
            left.First.SendBurst([frame, frame, frame]);
            _network.Settle();
            Assert.Equal(up ? 3 : 0, bare.First.ReceiveAll().Count);
            Assert.Equal(up ? 3 : 0, router.Counters.Forwarded - before);
        }

        Assert.Equal(3, router.Counters[RouterDrop.Unreachable]);
    }

    [Fact]
    public void The_router_answers_at_its_link_local_address()
    {
        Router router = _network.AddRouter("r1");
        Host left = AddLeft(router);
        IpAddress own = router.Interfaces[0].LinkLocal!.Value.Address;
        Assert.Equal(4, _network.Await(left.PingAsync(own)).Received);
    }

    [Fact]
    public void Links_of_several_vlans_share_a_port()
    {
        Router router = _network.AddRouter("r1");
        using MemoryLink trunk = new("trunk", "r1.trunk");
        router.Attach(trunk.Second, new() { Name = "v10", Mac = MacOf(1), Vlan = 10, Addresses = [Prefix("10.0.10.1/24")] });
        router.Attach(trunk.Second, new() { Name = "v20", Mac = MacOf(1), Vlan = 20, Addresses = [Prefix("10.0.20.1/24")] });
        Assert.Throws<RoutingException>(() => router.Attach(trunk.Second, new() { Name = "other", Mac = MacOf(2), Vlan = 20 }));
        using Host host = new(
            new HostOptions { Name = "h", Mac = MacOf(9), Vlan = 10, Addresses = [Prefix("10.0.10.2/24")], Gateway = Address("10.0.10.1") }, trunk.First, _network.Clock);
        using Host other = new(
            new HostOptions { Name = "o", Mac = MacOf(8), Vlan = 20, Addresses = [Prefix("10.0.20.2/24")], Gateway = Address("10.0.20.1") }, trunk.First, _network.Clock);
        Both both = new(host, other);
        host.Start();
        other.Start();
        Task<PingResult> ping = host.PingAsync(Address("10.0.20.2"), new PingOptions { Count = 1 });
        for (int i = 0; i < 100; i++)
        {
            while (trunk.First.Receive(both) + trunk.Second.Receive(router) != 0)
            {
            }

            _network.Run(0.01);
        }

        Assert.Equal(1, _network.Await(ping).Received);
    }

    [Fact]
    public void A_packet_passes_as_many_routers_as_its_sender_allows()
    {
        Host left = Chain(3, out _);
        Assert.Equal(PingOutcome.Answered, Ping(left, "10.0.2.2", new PingOptions { Count = 1, HopLimit = 4 }).Echoes[0].Outcome);
        foreach ((int limit, string from) in new[] { (1, "10.0.1.1"), (2, "172.16.1.2"), (3, "172.16.2.2") })
        {
            PingEcho echo = Ping(left, "10.0.2.2", new PingOptions { Count = 1, HopLimit = limit }).Echoes[0];
            Assert.Equal((PingOutcome.TimeExceeded, Address(from)), (echo.Outcome, echo.From));
        }
    }

    [Fact]
    public void A_link_that_goes_down_takes_its_network_along_and_brings_it_back()
    {
        Router router = _network.AddRouter("r1");
        Host left = AddLeft(router);
        _network.AddHost(router, "10.0.2.1/24 2001:db8:2::1/64", "10.0.2.2/24 2001:db8:2::2/64", out MemoryLink cable);
        Assert.Equal(4, Ping(left, "10.0.2.2").Received);
        cable.SetUp(false);
        _network.Run(0.1);
        Assert.False(router.Interfaces[1].IsUp);
        Assert.DoesNotContain(router.Routes, route => route.Prefix == Prefix("10.0.2.0/24"));
        Assert.DoesNotContain(router.Neighbors, neighbor => neighbor.Interface == 1);
        PingEcho lost = Ping(left, "10.0.2.2", new PingOptions { Count = 1 }).Echoes[0];
        Assert.Equal((PingOutcome.Unreachable, Address("10.0.1.1")), (lost.Outcome, lost.From));
        cable.SetUp(true);
        _network.Run(0.1);
        Assert.Equal(4, Ping(left, "10.0.2.2").Received);
    }

    [Fact]
    public void A_detached_interface_is_forgotten_and_its_number_not_used_again()
    {
        Router router = _network.AddRouter("r1");
        Host left = AddLeft(router);
        AddRight(router);
        Assert.True(router.Detach(1));
        Assert.False(router.Detach(1));
        Assert.Equal(PingOutcome.Unreachable, Ping(left, "10.0.2.2", new PingOptions { Count = 1 }).Echoes[0].Outcome);
        AddRight(router);
        Assert.Equal([0, 2], router.Interfaces.Select(link => link.Index));
        Assert.Equal(4, Ping(left, "10.0.2.2").Received);
    }

    [Fact]
    public void A_neighbour_that_does_not_answer_is_asked_three_times_and_its_packets_sender_told()
    {
        Router router = _network.AddRouter("r1");
        Host left = AddLeft(router);
        AddRight(router);
        PingEcho echo = Ping(left, "10.0.2.77", new PingOptions { Count = 1, Timeout = TimeSpan.FromSeconds(10) }).Echoes[0];
        Assert.Equal((PingOutcome.Unreachable, Address("10.0.1.1")), (echo.Outcome, echo.From));
        Assert.InRange(echo.RoundTrip.TotalSeconds, 2.9, 3.2);
        Assert.Equal(1, router.Counters[RouterDrop.Unresolved]);
        Assert.DoesNotContain(router.Neighbors, neighbor => neighbor.Address == Address("10.0.2.77"));
    }

    [Fact]
    public void Neighbours_in_use_are_confirmed_and_those_that_have_gone_are_forgotten()
    {
        Router router = _network.AddRouter("r1");
        Host left = AddLeft(router);
        _network.AddHost(router, "10.0.2.1/24", "10.0.2.2/24", out MemoryLink cable);
        _network.Step = TimeSpan.FromMilliseconds(20);
        PingOptions long_ = new() { Count = 120, Interval = TimeSpan.FromSeconds(1) };
        Assert.True(Ping(left, "10.0.2.2", long_).IsComplete);
        Assert.Contains(router.Neighbors, neighbor => neighbor.Address == Address("10.0.2.2") && neighbor.State is NeighborState.Reachable or NeighborState.Stale or NeighborState.Delay);
        _network.Disconnect(cable.First);
        Ping(left, "10.0.2.2", long_ with { Count = 60 });
        Assert.DoesNotContain(router.Neighbors, neighbor => neighbor.Address == Address("10.0.2.2") && neighbor.State != NeighborState.Incomplete);
    }

    [Theory]
    [InlineData("10.0.2.2", 1500)]
    [InlineData("2001:db8:2::2", 1500)]
    [InlineData("10.0.2.2", 1300)]
    public void A_stream_passes_whole_through_three_routers(string other, int mtu)
    {
        List<Router> routers = [.. Enumerable.Range(1, 3).Select(number => _network.AddRouter($"r{number}"))];
        Host left = AddLeft(routers[0]);
        for (int i = 1; i < 3; i++)
        {
            (_, RouterInterface one, RouterInterface two) = _network.Connect(
                routers[i - 1], $"172.16.{i}.1/24 2001:db8:f{i}::1/64", routers[i], $"172.16.{i}.2/24 2001:db8:f{i}::2/64", mtu);
            AddStatic(routers[i - 1], "10.0.2.0/24", one.Index, $"172.16.{i}.2");
            AddStatic(routers[i], "10.0.1.0/24", two.Index, $"172.16.{i}.1");
            AddStatic(routers[i - 1], "2001:db8:2::/64", one.Index, $"2001:db8:f{i}::2");
            AddStatic(routers[i], "2001:db8:1::/64", two.Index, $"2001:db8:f{i}::1");
        }

        AddRight(routers[2]);
        Fabric.Hosts.Tcp.TcpTransferResult result = _network.Await(left.TransferAsync(Address(other), 300_000));
        Assert.True(result.IsIntact, result.Error);
        Assert.Equal(0, result.Retransmissions);
    }

    [Fact]
    public void Groups_that_a_protocol_joins_are_told_to_snooping_switches()
    {
        Router router = _network.AddRouter("r1");
        MemoryLink cable = _network.Attach(router, "2001:db8:1::1/64", out RouterInterface link);
        LooseEnd end = new(_network, cable, link);
        _network.Run(2);
        end.Receive();
        router.Inside(host =>
        {
            host.Join(link.Index, Address("ff02::9"));
            return true;
        });
        _network.Run(2);
        List<byte[]> reports = [.. end.Receive(EtherType.Ipv6).Where(frame => frame[62] == (byte)Icmpv6Type.MulticastListenerReportV2)];
        Assert.Equal(2, reports.Count);
        byte[] group = new byte[16];
        Address("ff02::9").CopyTo(group);
        Assert.All(reports, report => Assert.True(report.AsSpan().IndexOf(group) > 0));
    }

    private Host AddLeft(Router router) => _network.AddHost(router, "10.0.1.1/24 2001:db8:1::1/64", "10.0.1.2/24 2001:db8:1::2/64");

    private Host AddRight(Router router) => _network.AddHost(router, "10.0.2.1/24 2001:db8:2::1/64", "10.0.2.2/24 2001:db8:2::2/64");

    /// <summary>Routers in a row, a host at each end, static routes between.</summary>
    private Host Chain(int length, out List<Router> routers)
    {
        routers = [.. Enumerable.Range(1, length).Select(number => _network.AddRouter($"r{number}"))];
        Host left = AddLeft(routers[0]);
        for (int i = 1; i < length; i++)
        {
            (_, RouterInterface one, RouterInterface other) = _network.Connect(routers[i - 1], $"172.16.{i}.1/24", routers[i], $"172.16.{i}.2/24");
            AddStatic(routers[i - 1], "10.0.2.0/24", one.Index, $"172.16.{i}.2");
            AddStatic(routers[i], "10.0.1.0/24", other.Index, $"172.16.{i}.1");
        }

        AddRight(routers[^1]);
        return left;
    }

    private PingResult Ping(Host from, string to, PingOptions? options = null) => _network.Await(from.PingAsync(Address(to), options));

    private sealed class Both(IFrameSink one, IFrameSink other) : IFrameSink
    {
        public void Accept(IPort port, ReadOnlySpan<Frame> frames)
        {
            one.Accept(port, frames);
            other.Accept(port, frames);
        }
    }
}
