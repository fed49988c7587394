using Fabric.Hosts;
using Fabric.Link;
using Fabric.Routing.Rip;
using Fabric.Switch;
using Fabric.TestKit.Link;
using Fabric.TestKit.Time;
using Fabric.Wire;

namespace Fabric.Routing.Tests.Scenarios;

/// <summary>Routers that speak RIP and RIPng over cables which lose frames, each with a switch and two hosts behind it: everything that a
/// topology is made of, in one thread and in virtual time.</summary>
internal sealed class VirtualCampus : IDisposable
{
    private const int HostsPerRouter = 2;
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(5);
    private readonly List<(IPort Port, IFrameSink Sink, bool Loses)> _ends = [];
    private readonly List<IDisposable> _owned = [];
    private readonly Router[] _routers;
    private readonly Host[] _hosts;
    private readonly Random _random;
    private readonly double _loss;

    /// <summary>Builds it.</summary>
    /// <param name="routers">Number of routers, at most 99.</param>
    /// <param name="cables">Which routers are joined.</param>
    /// <param name="loss">Share of the frames between routers that are lost.</param>
    /// <param name="seed">Of all chance.</param>
    public VirtualCampus(int routers, IReadOnlyList<(int A, int B)> cables, double loss, int seed)
    {
        _random = new Random(seed);
        _loss = loss;
        _routers = [.. Enumerable.Range(0, routers).Select(number => new Router(new RouterOptions { Name = $"r{number}", Seed = seed + number }, Clock))];
        _owned.AddRange(_routers);
        _hosts = [.. Enumerable.Range(0, routers).SelectMany(AddLan)];
        Cables = [.. cables.Select(AddCable)];
        foreach (Router router in _routers)
        {
            RipInterfaceOptions everywhere = new() { Enabled = true };
            router.AddProtocol(new RipProcess(new RipOptions { Interface = everywhere }, Clock));
            router.AddProtocol(new RipProcess(new RipOptions { Interface = everywhere, IsNg = true }, Clock));
        }
    }

    public ManualTimeProvider Clock { get; } = new();

    /// <summary>The cables between routers, in the order they were given.</summary>
    public IReadOnlyList<MemoryLink> Cables { get; }

    /// <summary>Packets that have run until their hop limit was used up: what a loop shows itself by.</summary>
    public long Circled => _routers.Sum(router => router.Counters[RouterDrop.HopLimitExceeded]);

    public Host HostAt(int router) => _hosts[router * HostsPerRouter];

    public static IpAddress V4(int router) => IpAddress.FromV4(0x0A00_0000 | ((uint)router << 8) | 10);

    public static IpAddress V6(int router) => IpAddress.FromV6(((UInt128)(0xFD00_0000_0000_0000 | (uint)router) << 64) | 10);

    /// <summary>Lets time pass.</summary>
    public void Run(TimeSpan time)
    {
        for (TimeSpan passed = TimeSpan.Zero; passed < time; passed += Step)
            Tick();
    }

    /// <summary>Lets time pass until a task ends.</summary>
    public T Await<T>(Task<T> task)
    {
        for (int i = 0; !task.IsCompleted && i < 100_000; i++)
            Tick();

        // A task made of others ends on a thread of the pool, which may be late by the real clock.
        Assert.True(((IAsyncResult)task).AsyncWaitHandle.WaitOne(TimeSpan.FromSeconds(20)), "not done within 500 virtual seconds");
        return task.GetAwaiter().GetResult();
    }

    public void Dispose()
    {
        foreach (IDisposable owned in _owned)
            owned.Dispose();
    }

    private Host[] AddLan(int number)
    {
        EthernetSwitch lan = new($"lan{number}", Clock, new SwitchOptions { HashSeed = 1 });
        MemoryLink up = new($"lan{number}.up", $"r{number}.lan");
        _owned.Add(up);
        lan.Attach(up.First);
        _routers[number].Attach(up.Second, new RouterInterfaceOptions { Name = "lan", Mac = Mac(0xA, number, 0), Addresses = [new(V4(number, 1), 24), new(V6(number, 1), 64)] });
        _ends.Add((up.First, lan, false));
        _ends.Add((up.Second, _routers[number], false));
        return [.. Enumerable.Range(0, HostsPerRouter).Select(own => AddHost(lan, number, own))];
    }

    private Host AddHost(EthernetSwitch lan, int number, int own)
    {
        HostPort port = new(
            new HostOptions
            {
                Name = $"h{number}.{own}",
                Mac = Mac(0xB, number, own),
                Addresses = [new(V4(number, 10 + own), 24), new(V6(number, 10 + own), 64)],
                Gateway = V4(number, 1),
                GatewayV6 = V6(number, 1),
                EchoServices = true,
                Seed = (number * HostsPerRouter) + own,
            },
            Clock);
        lan.Attach(port);
        _owned.Add(port);
        _ends.Add((port, lan, false));
        port.Host.Start();
        return port.Host;
    }

    private MemoryLink AddCable((int A, int B) ends, int index)
    {
        MemoryLink cable = new($"r{ends.A}-r{ends.B}", $"r{ends.B}-r{ends.A}");
        _owned.Add(cable);
        foreach ((int router, MemoryPort port, int own) in ((int, MemoryPort, int)[])[(ends.A, cable.First, 1), (ends.B, cable.Second, 2)])
        {
            IpPrefix address = new(IpAddress.FromV4(0x0AFF_0000 | ((uint)index << 2) | (uint)own), 30);
            _routers[router].Attach(port, new RouterInterfaceOptions { Name = port.Name, Mac = Mac(0xC, index, own), Addresses = [address] });
            _ends.Add((port, _routers[router], true));
        }

        return cable;
    }

    private static IpAddress V4(int router, int host) => IpAddress.FromV4(V4(router).V4 - 10 + (uint)host);

    private static IpAddress V6(int router, int host) => IpAddress.FromV6(V6(router).Bits - 10 + (uint)host);

    private static MacAddress Mac(int kind, int number, int own) => MacAddress.Read(TestFrames.Station((kind << 20) | (number << 8) | own));

    private void Tick()
    {
        Settle();
        Clock.Advance(Step);
        Settle();
    }

    private void Settle()
    {
        bool busy = true;
        while (busy)
        {
            busy = false;
            foreach ((IPort port, IFrameSink sink, bool loses) in _ends)
                busy |= port.Receive(loses ? new Lossy(sink, this) : sink) != 0;
        }
    }

    /// <summary>Hands on what chance leaves of a burst.</summary>
    private sealed class Lossy(IFrameSink sink, VirtualCampus campus) : IFrameSink
    {
        public void Accept(IPort port, ReadOnlySpan<Frame> frames)
        {
            Frame[] left = new Frame[frames.Length];
            int count = 0;
            foreach (ref readonly Frame frame in frames)
            {
                if (campus._random.NextDouble() >= campus._loss)
                    left[count++] = frame;
            }

            if (count != 0)
                sink.Accept(port, left.AsSpan(0, count));
        }
    }
}
