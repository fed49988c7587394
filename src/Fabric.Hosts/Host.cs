using Fabric.Hosts.Neighbors;
using Fabric.Link;
using Fabric.Wire;

namespace Fabric.Hosts;

// A host on a wire
//
// What flows through: a frame arrives in Accept, on whichever thread drives the link. It is copied once into the thread's scratch room
// and goes up: Ethernet and VLAN (FrameInput), ARP or IPv4/IPv6 (Internet), ICMP, UDP or TCP. An answer is built in the thread's other
// scratch room from the transport header on; the layers put their headers in front of it on the way down (PacketOutput), the neighbour
// cache supplies the Ethernet address, and the frame goes into the outlet, which copies it. Nothing is allocated per packet.
//
// Who keeps what: everything that lasts is bounded. The neighbour cache forgets the oldest, incomplete packets expire, connections and
// waiting packets have limits. Each packet that goes no further has one reason and is counted once (HostDrop).
//
// Time: parts that wait for something (Timed) each know when they are next due. After every entry the host sets its one timer to the
// earliest of these times, so an idle host has no timer at all. Time and chance come from outside: with a manual clock and a seed a
// whole network of hosts plays back the same way.
//
// Threads: one lock for each host. Nothing is called under it but the outlet, which takes no lock that leads back here.
//
// Standards: host requirements RFC 1122; the rest is named in each part.

/// <summary>An end point in this process: it answers, asks, and measures as a machine on the wire would.</summary>
/// <remarks>Members may be called from any thread. A host handles one frame at a time, under a lock of its own.</remarks>
public sealed partial class Host : IFrameSink, IDisposable
{
    /// <summary>Timers of the host take no more than some weeks, and leases last longer; one that comes too early does no harm.</summary>
    private const long LongestTimer = TimeSpan.TicksPerDay;

    private readonly Lock _gate = new();
    private readonly HostStack _stack;
    private readonly TimeProvider _time;
    private ITimer? _timer;
    private long _timerDue = Timed.Never;
    private bool _started;
    private bool _disposed;

    /// <summary>Makes a host that sends into a port of somebody else's: one end of a cable, a TAP. Whoever drives that port hands what
    /// arrives there to the host, as its sink.</summary>
    /// <param name="options">What it is.</param>
    /// <param name="port">Remains the caller's.</param>
    /// <param name="time">Its clock.</param>
    /// <exception cref="HostException">An option is outside its range.</exception>
    public Host(HostOptions options, IPort port, TimeProvider time)
        : this(options, new PortOutlet(port, options.Offloads), time)
    {
    }

    internal Host(HostOptions options, IFrameOutlet outlet, TimeProvider time)
    {
        HostOptionsCheck.Throw(options);
        _time = time;
        _stack = new HostStack(options, outlet, time);
    }

    /// <summary>Its name.</summary>
    public string Name => _stack.Options.Name;

    /// <summary>What it is.</summary>
    public HostOptions Options => _stack.Options;

    /// <summary>Its Ethernet address.</summary>
    public MacAddress Mac => _stack.Options.Mac;

    /// <summary>What it has done.</summary>
    public HostCounters Counters => _stack.Counters;

    /// <summary>Its addresses now. Allocates.</summary>
    public IReadOnlyList<HostAddress> Addresses
    {
        get
        {
            lock (_gate)
            {
                return [.. _stack.Addresses.All];
            }
        }
    }

    /// <summary>The stations it knows on its link. Allocates.</summary>
    public IReadOnlyList<NeighborEntry> Neighbors
    {
        get
        {
            lock (_gate)
            {
                return _stack.Neighbors.Snapshot();
            }
        }
    }

    /// <summary>Takes up its addresses: announces or probes them, asks for routers and a DHCP lease. To be called once, when frames can
    /// pass.</summary>
    public void Start()
    {
        lock (_gate)
        {
            if (_started || _disposed)
                return;
            _started = true;
            _stack.Enter();
            _stack.Start();
            SetTimer();
        }
    }

    /// <inheritdoc/>
    public void Accept(IPort port, ReadOnlySpan<Frame> frames)
    {
        lock (_gate)
        {
            if (!_started || _disposed)
                return;
            _stack.Enter();
            foreach (ref readonly Frame frame in frames)
                _stack.Input.Accept(in frame);
            SetTimer();
        }
    }

    /// <summary>Stops: what waits for an answer fails, nothing is sent any more.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            if (_disposed)
                return;
            _stack.Enter();
            _stack.Stop();
            _disposed = true;
            _timer?.Dispose();
        }
    }

    /// <summary>Runs something inside the host.</summary>
    /// <exception cref="ObjectDisposedException">The host has stopped.</exception>
    private T Inside<T>(Func<HostStack, T> action)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            _stack.Enter();
            T result = action(_stack);
            SetTimer();
            return result;
        }
    }

    private void SetTimer()
    {
        long due = _stack.Due;
        if (due >= _timerDue)
            return;
        _timerDue = due;
        TimeSpan wait = TimeSpan.FromTicks(Math.Clamp((due - _stack.Now + 99) / 100, 0, LongestTimer));
        if (_timer is null)
            _timer = _time.CreateTimer(static host => ((Host)host!).Tick(), this, wait, Timeout.InfiniteTimeSpan);
        else
            _timer.Change(wait, Timeout.InfiniteTimeSpan);
    }

    private void Tick()
    {
        lock (_gate)
        {
            if (_disposed)
                return;
            _timerDue = Timed.Never;
            _stack.Enter();
            _stack.Tick();
            SetTimer();
        }
    }
}
