using Fabric.Link;
using Fabric.Routing.Forwarding;
using Fabric.Routing.Protocols;
using Fabric.Routing.Rib;

namespace Fabric.Routing;

// A router
//
// What flows through: a port's worker hands a burst to Accept. The port's own path (PortPath) copies the headers of each packet once,
// checks them, finds all destinations in the forwarding table, writes new headers in front of the payloads, which nobody copies, and
// gives each interface its packets in one call. That is the data path: no lock, nothing allocated, tables that are only read.
//
// What a packet needs beyond that goes to the control side: packets for the router itself, neighbours that must be asked, senders that
// must be told why their packets go no further. It runs under one lock, on whichever thread came, and owns everything that changes:
// interfaces, routes, neighbours, protocols. What the data path reads of it is either immutable and replaced (interfaces, addresses,
// next hops) or one word at a time (neighbours).
//
// Time: parts of the control side that wait for something know when they are next due; after every entry the router sets its one timer
// to the earliest time. A timer needs a thread of the process's pool, and that may be late where others hold all of them: whoever
// enters and finds something due for long does it himself, so that as long as packets come neighbours are asked and senders told.
// A port that goes up or down may say so while other locks are held, so it only rings a second timer, which looks at the ports. Time and
// chance come from outside: with a manual clock and a seed, a network of routers plays back the same way.
//
// Who keeps what: neighbours, packets that wait, fragments, groups: all bounded by RouterOptions. Each packet that goes no further has
// one reason and is counted once (RouterDrop).
//
// Nothing is called under the lock but ports and the protocols of this router; neither leads back to it.
//
// Standards: RFC 1812 and RFC 8200 with RFC 4443 and RFC 4861; the rest is named in each part.

/// <summary>An IPv4 and IPv6 router between ports.</summary>
/// <remarks>Members may be called from any thread; a port's frames by its worker alone. The ports remain the caller's: they are polled with
/// the router as sink from <see cref="Attach"/> to <see cref="Detach"/>, and disposed of after that.</remarks>
public sealed partial class Router : IFrameSink, ILinkWatcher, IDisposable
{
    /// <summary>A timer that has not come so long after its time is not waited for, in nanoseconds.</summary>
    private const long Late = 100 * Nanoseconds.PerMillisecond;

    /// <summary>Timers of the host take no more than some weeks; one that comes too early does no harm.</summary>
    private const long LongestTimer = TimeSpan.TicksPerDay;
    private readonly Lock _gate = new();
    private readonly RouterControl _control;
    private readonly ITimer _timer;
    private readonly ITimer _portTimer;
    private long _timerDue = Timed.Never;
    private bool _isTicking;
    private bool _disposed;
    private Dictionary<IPort, PortPath> _paths = new(ReferenceEqualityComparer.Instance);

    /// <summary>Makes a router without interfaces.</summary>
    /// <param name="options">What it is.</param>
    /// <param name="time">Its clock.</param>
    /// <exception cref="RoutingException">A limit is outside its range.</exception>
    public Router(RouterOptions options, TimeProvider time)
    {
        options.Check();
        _control = new RouterControl(options, time, Hurry);
        _control.Enter();
        _timer = time.CreateTimer(static router => ((Router)router!).Tick(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _portTimer = time.CreateTimer(static router => ((Router)router!).FollowPorts(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Its name.</summary>
    public string Name => Options.Name;

    /// <summary>What it is.</summary>
    public RouterOptions Options => _control.Options;

    /// <summary>Those who are told of each packet that goes no further, with the reason: at the port it came in on, or at the one it was to
    /// leave by where it had its new headers already. What passes is not shown here (<see cref="ObservedPort"/> does). A packet of which
    /// nothing is kept any more, such as one whose other fragments never came, is only counted. They are called under the router's lock too,
    /// and must not ask it anything. Costs nothing but a look on the way of a dropped packet while nobody is there.</summary>
    public FrameObservers Observers => _control.Observers;

    /// <summary>Asks stations by ICMP echo whether they are there, on behalf of this router's own protocols.</summary>
    public IReachabilityProbe Probe => _control.Probe;

    /// <summary>The control side, for the data path's tables.</summary>
    internal RouterControl Control => _control;

    /// <inheritdoc/>
    public void Accept(IPort port, ReadOnlySpan<Frame> frames)
    {
        if (Volatile.Read(ref _paths).TryGetValue(port, out PortPath? path))
            path.Accept(frames);
    }

    /// <inheritdoc/>
    void ILinkWatcher.LinkChanged(IPort port, bool isUp) => _portTimer.Change(TimeSpan.Zero, Timeout.InfiniteTimeSpan);

    /// <summary>Runs something that belongs to the router under its lock: to ask a protocol for its state, or to make it do something.</summary>
    /// <typeparam name="T">Kind of answer.</typeparam>
    /// <param name="action">Is handed what protocols are; must not block.</param>
    /// <exception cref="ObjectDisposedException">The router has stopped.</exception>
    public T Inside<T>(Func<IProtocolHost, T> action)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            _control.Enter();
            T result = action(_control);
            SetTimer();
            return result;
        }
    }

    /// <summary>Stops: protocols say good-bye, and nothing is sent any more.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            if (_disposed)
                return;
            _control.Enter();
            _control.Stop();
            _disposed = true;
            foreach (IPort port in _paths.Keys)
                port.AttachLinkWatcher(null);
            Volatile.Write(ref _paths, new Dictionary<IPort, PortPath>(ReferenceEqualityComparer.Instance));
            _timer.Dispose();
            _portTimer.Dispose();
        }
    }

    /// <summary>Enters the control side from the data path.</summary>
    /// <returns>False when the router has stopped.</returns>
    private bool TryEnter()
    {
        if (_disposed)
            return false;
        _control.Enter();
        return true;
    }

    private void SetTimer()
    {
        if (_control.Now - _control.Due > Late)
            TickOnce();
        long due = _control.Due;
        if (due >= _timerDue)
            return;
        _timerDue = due;
        _timer.Change(TimeSpan.FromTicks(Math.Clamp((due - _control.Now + 99) / 100, 0, LongestTimer)), Timeout.InfiniteTimeSpan);
    }

    private void TickOnce()
    {
        // A protocol may enter again from its own tick.
        if (_isTicking)
            return;
        _isTicking = true;
        _control.Tick();
        _isTicking = false;
    }

    private void Hurry()
    {
        lock (_gate)
        {
            if (TryEnter())
                SetTimer();
        }
    }

    private void Tick()
    {
        lock (_gate)
        {
            if (!TryEnter())
                return;
            _timerDue = Timed.Never;
            TickOnce();
            SetTimer();
        }
    }

    private void FollowPorts()
    {
        lock (_gate)
        {
            if (!TryEnter())
                return;
            _control.FollowPorts();
            SetTimer();
        }
    }
}
