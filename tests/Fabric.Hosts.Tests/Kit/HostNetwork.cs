using Fabric.Link;
using Fabric.Switch;
using Fabric.TestKit;
using Fabric.TestKit.Link;
using Fabric.TestKit.Time;
using Fabric.Wire;

namespace Fabric.Hosts.Tests.Kit;

/// <summary>Hosts around a switch, in virtual time: nothing happens but in <see cref="Run"/>. Frames can be lost, doubled, changed in
/// order or delayed on their way in.</summary>
internal sealed class HostNetwork : IFrameSink, IDisposable
{
    private readonly EthernetSwitch _switch;
    private readonly Random _random = new(TestSeed.Seed);
    private readonly List<(TimeSpan Due, IPort Port, byte[] Bytes, FrameOffload Offload)> _delayed = [];
    private readonly List<(MemoryLink Link, SmallDhcpServer Server)> _cables = [];
    private TimeSpan _now;

    public HostNetwork() => _switch = new EthernetSwitch("sw", Clock, new SwitchOptions { HashSeed = 1 });

    public ManualTimeProvider Clock { get; } = new();

    public List<HostPort> Ports { get; } = [];

    /// <summary>Frames seen on their way in, before any loss.</summary>
    public List<byte[]> Seen { get; } = [];

    public bool Record { get; set; }

    /// <summary>How far the clock moves at once.</summary>
    public TimeSpan Step { get; set; } = TimeSpan.FromMilliseconds(1);

    public double Loss { get; set; }

    public double Duplication { get; set; }

    public TimeSpan Delay { get; set; }

    /// <summary>Up to so much more delay for each frame, which changes their order.</summary>
    public TimeSpan Jitter { get; set; }

    public static MacAddress MacOf(int number) => MacAddress.Read(TestFrames.Station(number));

    public static IpPrefix Prefix(string text) => IpPrefix.TryParse(text, out IpPrefix prefix) ? prefix : throw new ArgumentException(text);

    public static IpAddress Address(string text) => IpAddress.TryParse(text, out IpAddress address) ? address : throw new ArgumentException(text);

    public Host Add(int number, params string[] addresses) => Add(new HostOptions
    {
        Name = $"h{number}",
        Mac = MacOf(number),
        Addresses = [.. addresses.Select(Prefix)],
        EchoServices = true,
        Seed = TestSeed.Seed + number,
    });

    public Host Add(HostOptions options)
    {
        HostPort port = new(options, Clock);
        Ports.Add(port);
        _switch.Attach(port);
        port.Host.Start();
        return port.Host;
    }

    /// <summary>A DHCP server on a cable of its own; its address is 10.0.0.1.</summary>
    public SmallDhcpServer AddDhcpServer()
    {
        MemoryLink link = new("dhcp", "dhcp-server");
        _switch.Attach(link.First);
        _cables.Add((link, new SmallDhcpServer(link.Second)));
        return _cables[^1].Server;
    }

    /// <summary>Lets time pass.</summary>
    public void Run(TimeSpan time)
    {
        for (TimeSpan end = _now + time; _now < end;)
            Tick();
    }

    /// <summary>Lets time pass until a task ends.</summary>
    public T Await<T>(Task<T> task, int seconds = 120)
    {
        for (TimeSpan end = _now + TimeSpan.FromSeconds(seconds); !task.IsCompleted && _now < end;)
            Tick();

        // A task made of others ends on a thread of the pool, which may be late by the real clock.
        Assert.True(((IAsyncResult)task).AsyncWaitHandle.WaitOne(TimeSpan.FromSeconds(20)), $"not done within {seconds} virtual seconds");
        return task.GetAwaiter().GetResult();
    }

    public void Accept(IPort port, ReadOnlySpan<Frame> frames)
    {
        foreach (ref readonly Frame frame in frames)
        {
            byte[] bytes = new byte[frame.Length];
            frame.CopyTo(0, bytes);
            if (Record)
                Seen.Add(bytes);
            if (_random.NextDouble() < Loss)
                continue;
            int copies = _random.NextDouble() < Duplication ? 2 : 1;
            for (int i = 0; i < copies; i++)
                _delayed.Add((_now + Delay + (Jitter * _random.NextDouble()), port, bytes, frame.Offload));
        }
    }

    public void Dispose()
    {
        foreach (HostPort port in Ports)
            port.Dispose();
    }

    private void Tick()
    {
        Settle();
        Clock.Advance(Step);
        _now += Step;
        Settle();
    }

    private void Settle()
    {
        bool busy = true;
        while (busy)
        {
            busy = false;
            foreach (HostPort port in Ports)
                busy |= port.Receive(this) != 0;
            foreach ((MemoryLink link, SmallDhcpServer server) in _cables)
                busy |= link.First.Receive(this) + link.Second.Receive(server) != 0;
            busy |= Deliver();
        }
    }

    private bool Deliver()
    {
        var due = _delayed.Where(item => item.Due <= _now).OrderBy(item => item.Due).ToArray();
        _delayed.RemoveAll(item => item.Due <= _now);
        foreach ((_, IPort port, byte[] bytes, FrameOffload offload) in due)
            Pass(port, bytes, offload);
        return due.Length != 0;
    }

    private unsafe void Pass(IPort port, byte[] bytes, FrameOffload offload)
    {
        fixed (byte* start = bytes)
        {
            Frame frame = new(start, bytes.Length, offload);
            _switch.Accept(port, new ReadOnlySpan<Frame>(in frame));
        }
    }
}
