using Fabric.Link;
using Fabric.Routing.Acl;
using Fabric.Routing.Tests.Kit;
using Fabric.TestKit;
using Fabric.TestKit.Link;
using Fabric.Wire;
using static Fabric.Routing.Tests.Kit.RoutedNetwork;

namespace Fabric.Routing.Tests.Forwarding;

/// <summary>What those who look on are told of packets that go no further.</summary>
public sealed class ObservedDropTests : IDisposable
{
    private readonly RoutedNetwork _network = new();
    private readonly Router _router;
    private readonly RouterInterface _in;
    private readonly MemoryLink _leftCable;
    private readonly LooseEnd _left;
    private readonly Told _told = new();

    public ObservedDropTests()
    {
        _router = _network.AddRouter("r1");
        AccessList noTelnet = new("no-telnet", [new AccessRule { Action = AccessAction.Deny, Protocol = IpProtocol.Udp, ToPorts = new PortRange(23, 23) }], AccessAction.Permit);
        _leftCable = _network.Attach(_router, "10.0.1.1/24 2001:db8:1::1/64", out _in, options => options with { AccessIn = noTelnet });
        _left = new LooseEnd(_network, _leftCable, _in);
        _network.Attach(_router, "10.0.2.1/24 2001:db8:2::1/64", out _, options => options with { Mtu = 1280 });
        foreach ((int link, string address) in new[] { (0, "10.0.1.9"), (0, "2001:db8:1::9"), (1, "10.0.2.9"), (1, "2001:db8:2::9") })
            _router.AddNeighbor(link, Address(address), MacOf(4242));
        AddRoute("10.2.0.0/16", RouteKind.Prohibited);
        AddRoute("10.3.0.0/16", RouteKind.BlackHole);
        _network.Run(1.5);
        _router.Observers.Add(_told);
    }

    public void Dispose() => _network.Dispose();

    [Fact]
    public void A_packet_that_is_not_sent_on_is_told_with_its_reason_where_it_came_in()
    {
        byte[] wrong = LooseEnd.Udp("10.0.1.9", "10.0.2.9");
        wrong[10] ^= 1;
        Expect(DropReason.NoRoute, LooseEnd.Udp("10.0.1.9", "10.9.9.9"));
        Expect(DropReason.NoRoute, LooseEnd.Udp("2001:db8:1::9", "2001:db8:99::9"));
        Expect(DropReason.Prohibited, LooseEnd.Udp("10.0.1.9", "10.2.9.9"));
        Expect(DropReason.BlackHole, LooseEnd.Udp("10.0.1.9", "10.3.9.9"));
        Expect(DropReason.HopLimitExceeded, LooseEnd.Udp("10.0.1.9", "10.0.2.9", hopLimit: 1));
        Expect(DropReason.Oversized, LooseEnd.Udp("10.0.1.9", "10.0.2.9", 1400, fragment: 0x4000));
        Expect(DropReason.BadChecksum, wrong);
        Expect(DropReason.Martian, LooseEnd.Udp("127.0.0.1", "10.0.2.9"));
        Expect(DropReason.AclDenied, LooseEnd.Udp("10.0.1.9", "10.0.2.9", port: 23));
        Expect(DropReason.OtherStation, LooseEnd.Udp("10.0.1.9", "10.0.2.9"), MacOf(4711));
    }

    [Fact]
    public void So_is_one_for_the_router_itself()
    {
        byte[] unknown = LooseEnd.WithOptions(LooseEnd.Udp("10.0.1.9", "10.0.1.1"));
        unknown[9] = 200;
        Expect(DropReason.ClosedPort, LooseEnd.Udp("10.0.1.9", "10.0.1.1", port: 9));
        Expect(DropReason.ClosedPort, LooseEnd.Udp("2001:db8:1::9", "2001:db8:2::1", port: 9));
        Expect(DropReason.UnknownProtocol, LooseEnd.WithOptions(unknown));
        Expect(DropReason.NoMember, LooseEnd.Udp("10.0.1.9", "239.1.2.3"), MacAddress.Broadcast);
    }

    [Fact]
    public void One_that_waits_for_a_neighbour_in_vain_is_told_where_it_was_to_leave()
    {
        byte[] packet = LooseEnd.Udp("10.0.1.9", "10.0.2.77");
        _left.Deliver(packet);
        Assert.Empty(_told.Drops);
        _network.Run(5);
        (string port, FrameDirection direction, DropReason reason, byte[] frame) = Assert.Single(_told.Drops);
        Assert.Equal((_router.Interfaces[1].Name, FrameDirection.Transmitted, DropReason.Unresolved), (port, direction, reason));
        Assert.Equal(packet[12..], frame[26..]);
        Assert.Equal(63, frame[22]);
    }

    [Fact]
    public void Each_dropped_packet_is_told_once_and_none_when_nobody_looks_on()
    {
        string[] ways = ["10.9.9.9", "10.3.9.9", "10.0.2.9", "10.0.1.1", "10.0.2.1", "10.0.2.255", "224.0.0.5", "0.1.2.3", "10.0.2.50"];
        Random random = new(TestSeed.Seed);
        long before = _router.Counters.Drops.Values.Sum();
        for (int i = 0; i < TestSeed.Count(500); i++)
        {
            byte[] packet = LooseEnd.Udp("10.0.1.9", ways[random.Next(ways.Length)], random.Next(1400), (byte)random.Next(1, 4), port: (ushort)random.Next(20, 26));
            if (random.Next(3) == 0)
                packet[random.Next(20)] ^= (byte)(1 << random.Next(8));
            _left.Deliver(packet);
        }

        _network.Run(10);
        // Of fragments that never became a packet nothing is kept to be shown.
        long expired = _router.Counters[RouterDrop.FragmentsExpired];
        Assert.NotEmpty(_told.Drops);
        Assert.Equal(_router.Counters.Drops.Values.Sum() - before - expired, _told.Drops.Count);
        Assert.True(_router.Observers.Remove(_told));
        int count = _told.Drops.Count;
        _left.Deliver(LooseEnd.Udp("10.0.1.9", "10.9.9.9"));
        Assert.Equal(count, _told.Drops.Count);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Dropping_allocates_nothing(bool isObserved)
    {
        _router.Observers.Remove(_told);
        if (isObserved)
            _router.Observers.Add(new Blind());
        byte[] frame = [.. new byte[14], .. LooseEnd.Udp("10.0.1.9", "10.3.9.9", 1000)];
        HeaderWriter.Ethernet(frame, _in.Mac, MacOf(91), EtherType.Ipv4);
        byte[][] burst = [.. Enumerable.Repeat(frame, IPort.MaxBurst)];
        Assert.Equal(0, SteadyState.LeastAllocated(50, () => _leftCable.Second.Receive(_router), () => _leftCable.First.SendBurst(burst)));
        Assert.True(_router.Counters[RouterDrop.BlackHole] > 1000);
    }

    /// <summary>No reason is lost on the way: those that mean something else to a switch have other names there.</summary>
    [Fact]
    public void Every_reason_has_one_of_its_own()
    {
        _told.Drops.Clear();
        foreach (RouterDrop reason in Enum.GetValues<RouterDrop>())
            _router.Observers.Show(_leftCable.Second, FrameDirection.Received, default, reason);
        Assert.Distinct(_told.Drops.Select(drop => drop.Reason));
        Assert.All(Enum.GetValues<RouterDrop>().Zip(_told.Drops).Where(item => Enum.TryParse<DropReason>($"{item.First}", out _)), item => Assert.Equal($"{item.First}", $"{item.Second.Reason}"));
    }

    private void Expect(DropReason reason, byte[] packet, MacAddress? to = null)
    {
        _told.Drops.Clear();
        _left.Send(packet, to: to);
        (string port, FrameDirection direction, DropReason told, byte[] frame) = Assert.Single(_told.Drops);
        Assert.Equal((_in.Name, FrameDirection.Received, reason), (port, direction, told));
        Assert.Equal(packet, frame[14..]);
    }

    private void AddRoute(string prefix, RouteKind kind) => _router.AddRoute(new Route(Prefix(prefix), RouteSource.Static, 1, 0, 0, kind, []));

    private sealed class Told : IFrameObserver
    {
        public List<(string Port, FrameDirection Direction, DropReason Reason, byte[] Frame)> Drops { get; } = [];

        public void Observe(IPort port, FrameDirection direction, ReadOnlySpan<Frame> frames) => Assert.Fail("what passes is shown by the port");

        public void ObserveDrop(IPort port, FrameDirection direction, in Frame frame, DropReason reason)
        {
            byte[] bytes = new byte[frame.Length];
            frame.CopyTo(0, bytes);
            Drops.Add((port.Name, direction, reason, bytes));
        }
    }

    private sealed class Blind : IFrameObserver
    {
        public void Observe(IPort port, FrameDirection direction, ReadOnlySpan<Frame> frames)
        {
        }

        public void ObserveDrop(IPort port, FrameDirection direction, in Frame frame, DropReason reason)
        {
        }
    }
}
