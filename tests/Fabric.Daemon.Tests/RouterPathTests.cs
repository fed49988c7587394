using Fabric.Daemon.Composition;
using Fabric.Link;
using Fabric.Overlay.Underlays;
using Fabric.Routing;
using Fabric.Routing.Sockets;
using Fabric.TestKit.Link;
using Fabric.TestKit.Time;
using Fabric.Wire;

namespace Fabric.Daemon.Tests;

/// <summary>Ways from a router's tunnels to the far end, two routers on, measured in virtual time.</summary>
public sealed class RouterPathTests : IDisposable
{
    private const ushort Port = 4789;
    private readonly ManualTimeProvider _clock = new();
    private readonly List<IDisposable> _owned = [];
    private readonly List<(IPort Port, IFrameSink Sink)> _ends = [];
    private readonly MemoryLink _near = new("r1.r2", "r2.r1");
    private readonly MemoryLink _middle = new("r2.r3", "hole");
    private readonly MemoryLink _far = new("hole", "r3.r2");
    private Hole _forth = null!;
    private Hole _back = null!;

    public void Dispose()
    {
        _owned.ForEach(owned => owned.Dispose());
        foreach (MemoryLink cable in (MemoryLink[])[_near, _middle, _far])
            cable.Dispose();
    }

    [Theory]
    [InlineData("10.255.0.1", "10.255.0.3")]
    [InlineData("fd00::1", "fd00::3")]
    public void WhatPassesIsFoundAtOnce(string from, string to)
    {
        Router near = Chain(1500, int.MaxValue);

        Task<PathMtu> found = Measure(near, from, to);
        Run(TimeSpan.FromMilliseconds(50));

        Assert.Equal(new PathMtu(Address(to), PathState.Measured, 1500, 1500), End(found));
    }

    [Theory]
    [InlineData("10.255.0.1", "10.255.0.3", 1400)]
    [InlineData("10.255.0.1", "10.255.0.3", 1499)]
    [InlineData("10.255.0.1", "10.255.0.3", 577)]
    [InlineData("fd00::1", "fd00::3", 1333)]
    public void ACableThatSwallowsLongPacketsIsFoundToTheByte(string from, string to, int longest)
    {
        Router near = Chain(1500, longest);

        Task<PathMtu> found = Measure(near, from, to);
        Run(TimeSpan.FromSeconds(2));

        // Nobody has said anything: the routes still promise 1500.
        Assert.Equal(new PathMtu(Address(to), PathState.Measured, 1500, longest), End(found));
        Assert.True(_forth.Swallowed > 0);
    }

    [Theory]
    [InlineData("10.255.0.1", "10.255.0.3")]
    [InlineData("fd00::1", "fd00::3")]
    public void WhatARouterSaysOfTheEchoesIsRememberedForTheTunnel(string from, string to)
    {
        Router near = Chain(1390, int.MaxValue);
        DatagramSocket socket = Open(near, from);

        Task<PathMtu> found = RouterPathProbe.MeasureAsync(socket, Address(to), 1450, _clock, CancellationToken.None);
        Run(TimeSpan.FromSeconds(2));

        Assert.Equal(new PathMtu(Address(to), PathState.Measured, 1390, 1390), End(found));
        Assert.Equal(1390, socket.MtuTo(Address(to)));
        Assert.Equal(0, _forth.Swallowed);
    }

    [Fact]
    public void WhatAnswersNothingIsGivenUpInTime()
    {
        Router near = Chain(1500, 0);

        Task<PathMtu> silent = Measure(near, "10.255.0.1", "10.255.0.3");
        Task<PathMtu> unknown = RouterPathProbe.MeasureAsync(Open(near, "fd00::1"), Address("2001:db8::9"), 1450, _clock, CancellationToken.None);
        Run(TimeSpan.FromSeconds(2));

        Assert.Equal((PathState.NotAnswered, 1500, 0), (End(silent).State, End(silent).Known, End(silent).Measured));
        Assert.Equal(PathState.NoWay, End(unknown).State);
    }

    [Fact]
    public void ARouterThatStopsMeanwhileEndsIt()
    {
        Router near = Chain(1500, 0);

        Task<PathMtu> found = Measure(near, "10.255.0.1", "10.255.0.3");
        near.Dispose();
        Run(TimeSpan.FromSeconds(2));

        Assert.Equal(PathState.NoWay, End(found).State);
    }

    private static IpAddress Address(string text) => IpAddress.TryParse(text, out IpAddress address) ? address : throw new ArgumentException(text);

    private static IpPrefix Prefix(string text) => IpPrefix.TryParse(text, out IpPrefix prefix) ? prefix : throw new ArgumentException(text);

    /// <summary>What it found by now; only the thread that says so may be late.</summary>
    private static PathMtu End(Task<PathMtu> found)
    {
        Assert.True(((IAsyncResult)found).AsyncWaitHandle.WaitOne(TimeSpan.FromSeconds(20)));
        return found.Result;
    }

    private static DatagramSocket Open(Router router, string address) => router.OpenSocket(new DatagramSocketOptions(Address(address), Port));

    private Task<PathMtu> Measure(Router near, string from, string to) => RouterPathProbe.MeasureAsync(Open(near, from), Address(to), 1450, _clock, CancellationToken.None);

    /// <summary>r1 — r2 — (a switch that drops what is longer than it likes) — r3.</summary>
    private Router Chain(int mtu, int longest)
    {
        Router[] routers = [.. Enumerable.Range(1, 3).Select(number => new Router(new RouterOptions { Name = $"r{number}", Seed = number }, _clock))];
        _owned.AddRange(routers);
        _forth = new Hole(_far.First, longest);
        _back = new Hole(_middle.Second, longest);
        _ends.AddRange([(_middle.Second, _forth), (_far.First, _back)]);
        Attach(routers[0], _near.First, 1, "10.0.12.1/30 fd12::1/64", 1500, "10.255.0.3/32 10.0.12.2", "fd00::3/128 fd12::2");
        Attach(routers[1], _near.Second, 2, "10.0.12.2/30 fd12::2/64", 1500, "10.255.0.1/32 10.0.12.1", "fd00::1/128 fd12::1");
        Attach(routers[1], _middle.First, 3, "10.0.23.1/30 fd23::1/64", mtu, "10.255.0.3/32 10.0.23.2", "fd00::3/128 fd23::2");
        Attach(routers[2], _far.Second, 4, "10.0.23.2/30 fd23::2/64", mtu, "10.255.0.1/32 10.0.23.1", "fd00::1/128 fd23::1");
        routers[0].AddLoopback(new() { Name = "lo", Addresses = [Prefix("10.255.0.1/32"), Prefix("fd00::1/128")] });
        routers[2].AddLoopback(new() { Name = "lo", Addresses = [Prefix("10.255.0.3/32"), Prefix("fd00::3/128")] });

        // IPv6 looks for a second whether somebody has its addresses.
        Run(TimeSpan.FromSeconds(3));
        return routers[0];
    }

    private void Attach(Router router, IPort port, int number, string addresses, int mtu, params string[] routes)
    {
        RouterInterface link = router.Attach(port, new()
        {
            Name = port.Name, Mac = MacAddress.Read(TestFrames.Station(number)), Mtu = mtu, Addresses = [.. addresses.Split(' ').Select(Prefix)],
        });
        _ends.Add((port, router));
        foreach (string[] route in routes.Select(route => route.Split(' ')))
            router.AddRoute(new Route(Prefix(route[0]), RouteSource.Static, 1, 0, 0, RouteKind.Unicast, [new NextHop(link.Index, Address(route[1]))]));
    }

    private void Run(TimeSpan time)
    {
        TimeSpan step = TimeSpan.FromMilliseconds(1);
        for (TimeSpan passed = TimeSpan.Zero; passed < time; passed += step)
        {
            Settle();
            _clock.Advance(step);
        }

        Settle();
    }

    private void Settle()
    {
        for (bool busy = true; busy;)
        {
            busy = false;
            foreach ((IPort port, IFrameSink sink) in _ends)
                busy |= port.Receive(sink) != 0;
        }
    }

    /// <summary>Hands on what is not too long for it, and says nothing of the rest.</summary>
    private sealed class Hole(IPort to, int longest) : IFrameSink
    {
        public int Swallowed { get; private set; }

        public void Accept(IPort port, ReadOnlySpan<Frame> frames)
        {
            foreach (ref readonly Frame frame in frames)
            {
                // ARP passes all the same.
                if (frame.Length - EthernetView.MinHeaderLength > Math.Max(longest, 46))
                    Swallowed++;
                else
                    to.Transmit(new ReadOnlySpan<Frame>(in frame));
            }
        }
    }
}
