using Fabric.Hosts;
using Fabric.Link;
using Fabric.TestKit;
using Fabric.TestKit.Link;
using Fabric.TestKit.Time;
using Fabric.Wire;

namespace Fabric.Routing.Tests.Kit;

/// <summary>Routers, hosts and loose ends on cables, in virtual time: nothing happens but in Run.</summary>
internal sealed class RoutedNetwork : IDisposable
{
    private readonly List<(IPort Port, IFrameSink Sink)> _ends = [];
    private readonly List<IDisposable> _owned = [];
    private int _stations;

    public ManualTimeProvider Clock { get; } = new();

    /// <summary>How far the clock moves at once.</summary>
    public TimeSpan Step { get; set; } = TimeSpan.FromMilliseconds(1);

    public static IpPrefix Prefix(string text) => IpPrefix.TryParse(text, out IpPrefix prefix) ? prefix : throw new ArgumentException(text);

    public static IpAddress Address(string text) => IpAddress.TryParse(text, out IpAddress address) ? address : throw new ArgumentException(text);

    public static MacAddress MacOf(int number) => MacAddress.Read(TestFrames.Station(number));

    public Router AddRouter(string name, RouterOptions? options = null)
    {
        Router router = new((options ?? new RouterOptions { Name = name, Seed = TestSeed.Seed }) with { Name = name }, Clock);
        _owned.Add(router);
        return router;
    }

    /// <summary>A host on a cable to a new interface of a router.</summary>
    public Host AddHost(Router router, string routerAddresses, string hostAddresses, Func<HostOptions, HostOptions>? host = null, Func<RouterInterfaceOptions, RouterInterfaceOptions>? link = null) =>
        AddHost(router, routerAddresses, hostAddresses, out _, host, link);

    public Host AddHost(
        Router router, string routerAddresses, string hostAddresses, out MemoryLink cable, Func<HostOptions, HostOptions>? host = null, Func<RouterInterfaceOptions, RouterInterfaceOptions>? link = null)
    {
        cable = Attach(router, routerAddresses, out _, link);
        IpPrefix[] gateways = Parse(routerAddresses);
        HostOptions options = new()
        {
            Name = $"h{++_stations}",
            Mac = MacOf(1000 + _stations),
            Addresses = Parse(hostAddresses),
            Gateway = First(gateways, v4: true),
            GatewayV6 = First(gateways, v4: false),
            EchoServices = true,
            Seed = TestSeed.Seed + _stations,
        };
        Host added = new(host?.Invoke(options) ?? options, cable.First, Clock);
        _ends.Add((cable.First, added));
        _owned.Add(added);
        added.Start();
        return added;
    }

    /// <summary>A new interface of a router; the cable's first end is the caller's.</summary>
    public MemoryLink Attach(
        Router router, string addresses, out RouterInterface added, Func<RouterInterfaceOptions, RouterInterfaceOptions>? link = null, FrameOffloads accepts = FrameOffloads.None)
    {
        int number = ++_stations;
        MemoryLink cable = new($"c{number}", $"{router.Name}.{number}", accepts, accepts);
        _owned.Add(cable);
        RouterInterfaceOptions options = new() { Name = $"{router.Name}.{number}", Mac = MacOf(number), Addresses = Parse(addresses) };
        added = router.Attach(cable.Second, link?.Invoke(options) ?? options);
        _ends.Add((cable.Second, router));
        return cable;
    }

    /// <summary>A cable between two routers.</summary>
    public (MemoryLink Cable, RouterInterface One, RouterInterface Other) Connect(Router one, string oneAddresses, Router other, string otherAddresses, int mtu = 1500, FrameOffloads accepts = FrameOffloads.None)
    {
        int number = ++_stations;
        MemoryLink cable = new($"{one.Name}.{number}", $"{other.Name}.{number}", accepts, accepts, capacity: 1 << 20);
        _owned.Add(cable);
        RouterInterface first = one.Attach(cable.First, new() { Name = $"{one.Name}.{number}", Mac = MacOf((2 * number) + 5000), Addresses = Parse(oneAddresses), Mtu = mtu });
        RouterInterface second = other.Attach(cable.Second, new() { Name = $"{other.Name}.{number}", Mac = MacOf((2 * number) + 5001), Addresses = Parse(otherAddresses), Mtu = mtu });
        _ends.Add((cable.First, one));
        _ends.Add((cable.Second, other));
        return (cable, first, second);
    }

    /// <summary>What arrives at a port is lost from now on, though the port is up.</summary>
    public void Disconnect(IPort port) => _ends.RemoveAll(end => end.Port == port);

    public static void AddStatic(Router router, string prefix, int link, string gateway) => router.AddRoute(
        new Route(Prefix(prefix), RouteSource.Static, 1, 0, 0, RouteKind.Unicast, [new NextHop(link, Address(gateway))]));

    /// <summary>Frames that were dropped because a cable was full.</summary>
    public long Overflowed => _ends.Sum(end => end.Port.Counters.TransmitDrops(DropReason.NoBuffer));

    /// <summary>Lets time pass.</summary>
    public void Run(TimeSpan time)
    {
        for (TimeSpan passed = TimeSpan.Zero; passed < time; passed += Step)
            Tick();
    }

    public void Run(double seconds) => Run(TimeSpan.FromSeconds(seconds));

    /// <summary>Lets time pass until a task ends.</summary>
    public T Await<T>(Task<T> task, int seconds = 120)
    {
        for (TimeSpan passed = TimeSpan.Zero; !task.IsCompleted && passed < TimeSpan.FromSeconds(seconds); passed += Step)
            Tick();

        // A task made of others ends on a thread of the pool, which may be late by the real clock.
        Assert.True(((IAsyncResult)task).AsyncWaitHandle.WaitOne(TimeSpan.FromSeconds(20)), $"not done within {seconds} virtual seconds");
        return task.GetAwaiter().GetResult();
    }

    /// <summary>Moves frames until all are where they go.</summary>
    public void Settle()
    {
        bool busy = true;
        while (busy)
        {
            busy = false;
            foreach ((IPort port, IFrameSink sink) in _ends)
                busy |= port.Receive(sink) != 0;
        }
    }

    public void Dispose()
    {
        foreach (IDisposable owned in _owned)
            owned.Dispose();
    }

    private static IpPrefix[] Parse(string addresses) => [.. addresses.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(Prefix)];

    private static IpAddress? First(IpPrefix[] prefixes, bool v4)
    {
        int place = Array.FindIndex(prefixes, prefix => prefix.IsV4 == v4);
        return place < 0 ? null : prefixes[place].Address;
    }

    private void Tick()
    {
        Settle();
        Clock.Advance(Step);
        Settle();
    }
}
