using Fabric.Link;
using Fabric.Routing.Neighbors;
using Fabric.Routing.Tests.Kit;
using Fabric.TestKit;
using Fabric.TestKit.Link;
using Fabric.TestKit.Time;
using Fabric.Wire;
using static Fabric.Routing.Tests.Kit.RoutedNetwork;

namespace Fabric.Routing.Tests.Neighbors;

/// <summary>Packets that wait for a station: each leaves, or its sender is told, whatever the station says and however timers behave.</summary>
public sealed class NeighborTests : IDisposable
{
    private const int Hosts = 12;
    private readonly ManualTimeProvider _clock = new();
    private readonly MemoryLink _left = new("left", "r.left");
    private readonly MemoryLink _right = new("right", "r.right");
    private readonly Random _random = new(TestSeed.Seed);

    public void Dispose()
    {
        _left.Dispose();
        _right.Dispose();
    }

    [Fact]
    public void A_station_is_asked_and_senders_are_told_though_timers_never_come()
    {
        using Router router = Make(new WithoutTimers(_clock), new RouterOptions { Name = "r" });
        int asked = 0;
        for (int second = 0; second < 3; second++)
        {
            Send(router, 1);
            asked += Right().Count(frame => LooseEnd.Type(frame) == EtherType.Arp);
            Assert.Empty(Told());
            _clock.Advance(TimeSpan.FromSeconds(1.2));
        }

        Assert.Equal(3, asked);
        Send(router, 1);
        Assert.Equal(4, Told().Count);
        Assert.DoesNotContain(router.Neighbors, entry => entry.Address == Host(1));
    }

    /// <summary>FABRIC_TEST_COUNT steps from FABRIC_TEST_SEED: packets to stations, some of which answer questions sometimes, tell of
    /// themselves, move; a link that goes and comes. Each packet leaves or is counted, and none waits for more than four seconds.</summary>
    [Fact]
    public void No_packet_waits_longer_than_three_questions()
    {
        int count = TestSeed.Count(4_000);
        using Router router = Make(_clock, new RouterOptions { Name = "r", Seed = TestSeed.Seed, ErrorsPerSecond = 1e6, ErrorBurst = 1e6, MaxNeighbors = 9, MaxUnanswered = 6, MaxWaiting = 24, MaxWaitingForOne = 5 });
        for (int i = 0; i < count; i++)
        {
            switch (_random.Next(8))
            {
                case < 4:
                    int host = _random.Next(Hosts);
                    for (int left = _random.Next(1, 9); left > 0; left--)
                        Send(router, host);
                    break;
                case 4:
                    Tell(router, ArpOperation.Request, _random.Next(Hosts), _random.Next(100, 104));
                    break;
                case 5 when _random.Next(40) == 0:
                    _right.SetUp(_random.Next(4) != 0);
                    break;
                default:
                    _clock.Advance(TimeSpan.FromMilliseconds(_random.Next(1, 900)));
                    break;
            }

            foreach (byte[] frame in Right())
            {
                if (LooseEnd.Type(frame) == EtherType.Arp && _random.Next(3) == 0 && ArpView.TryParse(frame.AsSpan(EthernetView.MinHeaderLength), out ArpView question) && question.Target != Host(0))
                    Tell(router, ArpOperation.Reply, (int)(question.Target.V4 & 0xFF) - 20, _random.Next(100, 104));
            }

            _left.First.ReceiveAll();
            if (_random.Next(50) != 0)
                continue;

            // Nobody says anything any more.
            _clock.Advance(TimeSpan.FromSeconds(4));
            _right.First.ReceiveAll();
            Assert.Equal(0, router.Control.Neighbors.Waiting);
            Assert.DoesNotContain(router.Neighbors, entry => entry.State == NeighborState.Incomplete);
        }

        RouterCounters counters = router.Counters;
        Assert.Equal(counters.Received, router.Control.Neighbors.Waiting + counters.Delivered + counters.Forwarded + counters.Drops.Values.Sum());
        Assert.True(counters[RouterDrop.Unresolved] > 0 && counters[RouterDrop.TooManyWaiting] > 0 && counters.Forwarded > counters.Received / 10, $"{counters} {string.Join(' ', counters.Drops)}");
    }

    private static IpAddress Host(int number) => Address($"10.0.2.{20 + number}");

    private Router Make(TimeProvider clock, RouterOptions options)
    {
        Router router = new(options, clock);
        router.Attach(_left.Second, new() { Name = "left", Mac = MacOf(1), Addresses = [Prefix("10.0.1.1/24")], UseV6 = false });
        router.Attach(_right.Second, new() { Name = "right", Mac = MacOf(2), Addresses = [Prefix("10.0.2.1/24")], UseV6 = false });
        router.AddNeighbor(0, Address("10.0.1.9"), MacOf(9));
        _left.First.ReceiveAll();
        _right.First.ReceiveAll();
        return router;
    }

    private void Send(Router router, int host)
    {
        byte[] packet = LooseEnd.Udp("10.0.1.9", $"{Host(host)}");
        byte[] frame = [.. new byte[EthernetView.MinHeaderLength], .. packet];
        HeaderWriter.Ethernet(frame, MacOf(1), MacOf(9), EtherType.Ipv4);
        _left.First.Send(frame);
        _left.Second.Receive(router);
    }

    private void Tell(Router router, ArpOperation operation, int host, int mac)
    {
        byte[] frame = new byte[EthernetView.MinHeaderLength + ArpView.Length];
        int at = HeaderWriter.Ethernet(frame, MacOf(2), MacOf(mac), EtherType.Arp);
        ArpView.Write(frame.AsSpan(at), operation, MacOf(mac), Host(host), MacOf(2), Address("10.0.2.1"));
        _right.First.Send(frame);
        _right.Second.Receive(router);
    }

    private List<byte[]> Right() => [.. _right.First.ReceiveAll().Select(frame => frame.Bytes)];

    /// <summary>Errors that the sender was told.</summary>
    private List<byte[]> Told() => [.. _left.First.ReceiveAll().Select(frame => frame.Bytes).Where(frame => LooseEnd.Type(frame) == EtherType.Ipv4)];

    /// <summary>A clock whose timers never come, as where nobody has a thread for them.</summary>
    private sealed class WithoutTimers(TimeProvider clock) : TimeProvider
    {
        public override long TimestampFrequency => clock.TimestampFrequency;

        public override long GetTimestamp() => clock.GetTimestamp();

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => new Silent();

        private sealed class Silent : ITimer
        {
            public bool Change(TimeSpan dueTime, TimeSpan period) => true;

            public void Dispose()
            {
            }

            public ValueTask DisposeAsync() => ValueTask.CompletedTask;
        }
    }
}
