using Fabric.Link;
using Fabric.Routing.Tests.Kit;
using Fabric.TestKit;
using Fabric.TestKit.Link;
using Fabric.Wire;
using static Fabric.Routing.Tests.Kit.RoutedNetwork;

namespace Fabric.Routing.Tests.Forwarding;

/// <summary>The data path beside a control side that changes everything, and what it costs.</summary>
public sealed class ThreadTests : IDisposable
{
    private readonly RoutedNetwork _network = new();

    public void Dispose() => _network.Dispose();

    [Theory]
    [InlineData("10.0.1.9", "10.7.0.1")]
    [InlineData("2001:db8:1::9", "2001:db8:7::1")]
    [InlineData("10.0.1.9", "10.0.2.9")]
    [InlineData("2001:db8:1::9", "2001:db8:2::9")]
    [InlineData("10.0.1.9", "10.6.0.1")]
    [InlineData("2001:db8:1::9", "2001:db8:6::1")]
    public void Forwarding_allocates_nothing(string from, string to)
    {
        Router router = _network.AddRouter("r1");
        MemoryLink left = _network.Attach(router, "10.0.1.1/24 2001:db8:1::1/64", out RouterInterface first);
        MemoryLink right = _network.Attach(router, "10.0.2.1/24 2001:db8:2::1/64", out _);
        AddStatic(router, "10.7.0.0/16", 1, "10.0.2.9");
        AddStatic(router, "2001:db8:7::/48", 1, "2001:db8:2::9");
        foreach ((string equal, string[] gateways) in new[] { ("10.6.0.0/16", new[] { "10.0.2.9", "10.0.2.8" }), ("2001:db8:6::/48", ["2001:db8:2::9", "2001:db8:2::8"]) })
        {
            NextHop[] hops = [.. gateways.Select(gateway => new NextHop(1, Address(gateway)))];
            router.AddRoute(new Route(Prefix(equal), RouteSource.Static, 1, 0, 0, RouteKind.Unicast, hops));
            foreach (NextHop hop in hops)
                router.AddNeighbor(1, hop.Gateway, MacOf(90));
        }

        byte[] packet = LooseEnd.Udp(from, to, 1000);
        byte[] frame = [.. new byte[14], .. packet];
        HeaderWriter.Ethernet(frame, first.Mac, MacOf(91), packet[0] >> 4 == 4 ? EtherType.Ipv4 : EtherType.Ipv6);
        byte[][] burst = [.. Enumerable.Repeat(frame, IPort.MaxBurst)];
        Nothing nothing = new();
        long allocated = SteadyState.LeastAllocated(50, () => left.Second.Receive(router), () =>
        {
            while (right.First.Receive(nothing) != 0)
            {
            }

            left.First.SendBurst(burst);
        });
        Assert.Equal(0, allocated);
        Assert.True(router.Counters.Forwarded > 1000);
    }

    [Fact]
    public async Task Two_workers_forward_while_everything_changes()
    {
        int rounds = TestSeed.Count(300);
        Router router = _network.AddRouter("r1");
        MemoryLink left = _network.Attach(router, "10.0.1.1/24", out RouterInterface first);
        MemoryLink right = _network.Attach(router, "10.0.2.1/24", out RouterInterface second);
        MemoryLink third = _network.Attach(router, "10.0.3.1/24", out _);
        AddStatic(router, "10.7.0.0/16", 1, "10.0.2.9");
        using CancellationTokenSource stop = new();
        Nothing nothing = new();
        Task[] workers =
        [
            Task.Run(() => Work(left, first, "10.0.1.9", ["10.7.0.1", "10.0.2.9", "10.0.3.9", "10.8.1.1"])),
            Task.Run(() => Work(right, second, "10.0.2.9", ["10.0.1.9", "10.0.3.7", "10.8.1.2", "10.0.2.1"])),
        ];
        Random random = new(TestSeed.Seed);
        for (int i = 0; i < rounds; i++)
        {
            router.AddNeighbor(random.Next(3), Address($"10.0.{random.Next(1, 4)}.9"), MacOf(random.Next(100, 200)));
            NextHop[] hops = [.. new[] { new NextHop(1, Address("10.0.2.9")), new NextHop(2, Address("10.0.3.9")) }.Take(random.Next(1, 3))];
            router.AddRoute(new Route(Prefix("10.8.0.0/16"), RouteSource.Static, 1, 0, 0, RouteKind.Unicast, hops));
            third.SetUp(i % 3 != 0);
            _network.Clock.Advance(TimeSpan.FromMilliseconds(700));
            third.First.Receive(nothing);
            if (i % 10 == 9)
            {
                RouterInterface added = router.Attach(third.Second, new() { Name = $"v{i}", Mac = MacOf(7), Vlan = 7, Addresses = [Prefix("10.8.1.0/24")] });
                router.SetAddresses(added.Index, [Prefix("10.8.1.1/24")]);
                router.Detach(added.Index);
            }
        }

        // Rounds are quick: the workers go on until they have had something to do.
        SpinWait.SpinUntil(() => router.Counters.Forwarded > 100, TimeSpan.FromSeconds(20));
        await stop.CancelAsync();
        await Task.WhenAll(workers).WaitAsync(TimeSpan.FromSeconds(20));
        Assert.True(router.Counters.Forwarded > 100);

        void Work(MemoryLink cable, RouterInterface link, string from, string[] targets)
        {
            byte[][] frames = [.. targets.Select(to => Framed(link, LooseEnd.Udp(from, to)))];
            while (!stop.IsCancellationRequested)
            {
                cable.First.SendBurst(frames);
                cable.Second.Receive(router);
                cable.First.Receive(nothing);
            }
        }
    }

    private static byte[] Framed(RouterInterface link, byte[] packet)
    {
        byte[] frame = [.. new byte[14], .. packet];
        HeaderWriter.Ethernet(frame, link.Mac, MacOf(91), EtherType.Ipv4);
        return frame;
    }

    private sealed class Nothing : IFrameSink
    {
        public void Accept(IPort port, ReadOnlySpan<Frame> frames)
        {
        }
    }
}
