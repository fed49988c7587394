using System.Runtime.InteropServices;

namespace Fabric.Link;

// How a worker moves frames
//
// A worker is one thread and the ports whose receive side it owns. It asks each port in turn for one burst, and the port hands that
// burst to its sink (a switch, a router), which forwards it to completion on this thread: no queue between stages, no hand-over
// between cores. One burst per turn, so that a port that floods delays the others by a burst and no more.
//
// There are two kinds of port. A *polled* one (a guest's ring, a memory link) is asked every round, which costs a load or two, and
// wakes the worker itself. A *watched* one (a TAP, a socket) has a descriptor, which stands in the worker's epoll set, level triggered;
// asking it costs a system call, so a round asks the kernel once which of them are readable, and only those are asked for a burst.
// While polled ports keep the worker busy, it looks at the watched ones every few rounds.
//
// The worker is in one of two states.
//
//   Polling  It goes round its ports. Wake-ups mean nothing now and cost the waker one load.
//   Parking  A spell of empty rounds has passed. It enters Parking first, then arms every polled port, then sleeps in epoll_wait.
//            Whoever finds it in Parking moves it back to Polling and sets the event, whose descriptor is in the epoll set too.
//
// Why no frame is left behind: a polled port stores a frame, then (after a full fence) looks whether it is armed, and wakes. The
// worker stores Parking, then (full fence) arms, and a port that is being armed looks for frames (after its own fence). So for each
// frame either TryArm sees it and says "poll again", or the port sees itself armed, and then Parking is already visible to Wake.
// Control messages (Add, Remove, Dispose) go the same way: stored first, looked at between Parking and sleep. For a watched port the
// kernel does the same: epoll_wait does not sleep while a descriptor is readable, whenever it became so.
//
// A wake-up may come without a frame, for instance one that was already on its way when the worker found the frame by itself. The
// event then stays set until the next look at the epoll set, and costs one empty spell.
//
// Ports come and go while the thread runs. The control side swaps an immutable list and waits until the worker has adopted it, which
// it does between two rounds: from then on it holds no reference to a removed port. Descriptors enter the epoll set before that and
// leave it before that; a report for a number that the worker's list does not have is passed over.
//
// How long to spin: each empty round of a worker with polled ports is a short pause, together some twenty microseconds, a few times
// what a wake-up costs. A worker that has only watched ports looks at its epoll set without sleeping for a spell that follows the
// traffic (see IdleSpell), and between two looks lets whoever waits for the core have it. For the same reason a worker asks the
// scheduler for short turns: it comes to the processor sooner after a wake-up, and while it is busy the receivers of what it forwards
// get there before their buffers are full.

/// <summary>A thread that polls ports and forwards what they receive, and sleeps when there is nothing.</summary>
/// <remarks><see cref="Add"/>, <see cref="Remove"/> and <see cref="Dispose"/> may be called from any thread but the worker's own, and
/// block for at most a round. The ports remain the caller's.</remarks>
public sealed class PortWorker : IWaker, IDisposable
{
    /// <summary>Empty rounds before the worker arms its ports and sleeps: some twenty microseconds, a few
    /// times what a wake-up costs. Longer would take the core from the guests on a small machine.</summary>
    private const int IdleRounds = 64;

    /// <summary>Pause between two empty rounds, in the units of <see cref="Thread.SpinWait"/>.</summary>
    private const int SpinsPerIdleRound = 8;

    /// <summary>Rounds between two looks at the watched ports while the polled ones have frames.</summary>
    private const int RoundsPerLook = 4;

    private const int Polling = 0;
    private const int Parking = 1;
    private const int EventTag = -1;

    private readonly Lock _control = new();
    private readonly Thread _thread;
    private readonly WakeEvent _event = new();
    private readonly Epoll _epoll = new();
    private readonly int[] _reported = new int[Epoll.MaxReported];
    private readonly ManualResetEventSlim _adopted = new();
    private Roster _wanted = new([], []);
    private Roster _current = new([], []);
    private bool _stopWanted;
    private bool _disposed;
    private int _state;
    private int _roundsToLook;
    private long _sleeps;
    private IdleSpell _spell;

    /// <summary>Starts the thread.</summary>
    /// <param name="name">Name of the worker; the thread is called <c>worker NAME</c>.</param>
    /// <exception cref="LinkException">The host refuses an event descriptor.</exception>
    public PortWorker(string name)
    {
        Name = name;
        _epoll.Add(_event.Descriptor, EventTag);
        _thread = new Thread(Run) { Name = "worker " + name, IsBackground = true };
        _thread.Start();
    }

    /// <summary>Name of the worker.</summary>
    public string Name { get; }

    /// <summary>Number of times the worker has gone to sleep; some sleeps end at once, because a frame is there.</summary>
    public long Sleeps => Volatile.Read(ref _sleeps);

    /// <summary>Takes over the receive side of a port.</summary>
    /// <param name="port">Polled by no other worker.</param>
    /// <param name="sink">Takes what the port receives, on the worker's thread.</param>
    /// <exception cref="ArgumentException">The worker has the port already.</exception>
    /// <exception cref="LinkException">The host cannot watch the port's descriptor.</exception>
    public void Add(IPort port, IFrameSink sink)
    {
        ThrowOnOwnThread();
        lock (_control)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (Find(port) is not null)
                throw new ArgumentException($"worker {Name} polls port {port.Name} already", nameof(port));
            port.AttachWaker(this);
            Source source = new(port, sink, port.ReadyDescriptor, port.NewsDescriptor, _wanted.FreeTag());
            Watch(source);
            Adopt(_wanted.With(source));
        }
    }

    /// <summary>Gives the receive side of a port back. When this returns the worker no longer touches the port nor, for it, the sink.</summary>
    /// <param name="port">The port.</param>
    /// <returns>False when the worker does not have the port.</returns>
    public bool Remove(IPort port)
    {
        ThrowOnOwnThread();
        lock (_control)
        {
            Source? source = Find(port);
            if (source is null)
                return false;
            Unwatch(source);
            Adopt(_wanted.Without(source));
            return true;
        }
    }

    /// <inheritdoc/>
    public void Wake()
    {
        // The caller stored a frame just before; the state must be read after that store is visible.
        Interlocked.MemoryBarrier();
        if (Volatile.Read(ref _state) == Parking && Interlocked.Exchange(ref _state, Polling) == Parking)
            _event.Set();
    }

    /// <summary>Lets go of all ports and ends the thread.</summary>
    public void Dispose()
    {
        ThrowOnOwnThread();
        lock (_control)
        {
            if (_disposed)
                return;
            _disposed = true;
            Volatile.Write(ref _stopWanted, true);
            Wake();
            _thread.Join();
            _wanted = new Roster([], []);
            _epoll.Dispose();
            _event.Dispose();
            _adopted.Dispose();
        }
    }

    private void Adopt(Roster wanted)
    {
        _adopted.Reset();
        Volatile.Write(ref _wanted, wanted);
        Wake();
        _adopted.Wait();
    }

    private Source? Find(IPort port) => _wanted.Polled.Concat(_wanted.Watched).FirstOrDefault(source => ReferenceEquals(source?.Port, port));

    private void Watch(Source source)
    {
        if (source.Descriptor is null)
            return;
        _epoll.Add(source.Descriptor, source.Tag);
        if (source.News is null)
            return;
        try
        {
            _epoll.Add(source.News, source.Tag);
        }
        catch
        {
            _epoll.Remove(source.Descriptor);
            throw;
        }
    }

    private void Unwatch(Source source)
    {
        if (source.Descriptor is not null)
            _epoll.Remove(source.Descriptor);
        if (source.News is not null)
            _epoll.Remove(source.News);
    }

    private void ThrowOnOwnThread()
    {
        if (Thread.CurrentThread == _thread)
            throw new InvalidOperationException($"worker {Name} was asked from its own thread to wait for itself");
    }

    private void Run()
    {
        ShortSlice.Ask();
        int idle = 0;
        while (!Volatile.Read(ref _stopWanted))
        {
            Roster wanted = Volatile.Read(ref _wanted);
            if (wanted != _current)
            {
                _current = wanted;
                _adopted.Set();
            }

            if (_current.Polled.Length == 0)
                WatchRound();
            else if (PollRound())
                idle = 0;
            else if (++idle < IdleRounds)
                Thread.SpinWait(SpinsPerIdleRound);
            else
            {
                Park();
                idle = 0;
            }
        }
    }

    private bool PollRound()
    {
        int taken = 0;
        foreach (Source source in _current.Polled)
            taken |= source.Port.Receive(source.Sink);
        if (_current.Watched.Length != 0 && (taken == 0 || --_roundsToLook <= 0))
        {
            _roundsToLook = RoundsPerLook;
            taken |= ReceiveReported(_epoll.Wait(_reported, sleep: false));
        }

        return taken != 0;
    }

    private void WatchRound()
    {
        if (ReceiveReported(_epoll.Wait(_reported, sleep: false)) != 0)
        {
            _spell.Begin();
            return;
        }

        if (_spell.IsOver)
            Park();
        else
            Thread.Yield();
    }

    private int ReceiveReported(int count)
    {
        int taken = 0;
        foreach (int tag in _reported.AsSpan(0, count))
        {
            if (tag == EventTag)
                _event.Clear();
            else if (tag < _current.Watched.Length && _current.Watched[tag] is { } source)
                taken |= Receive(source);
        }

        return taken;
    }

    private int Receive(Source source)
    {
        int taken = source.Port.Receive(source.Sink);
        // Readable, and yet nothing there: it may be broken for good, and would be reported for ever.
        if (taken == 0 && source.Port.ReadyDescriptor is null)
            Unwatch(source);
        return taken;
    }

    private void Park()
    {
        Interlocked.Exchange(ref _state, Parking);
        int reported = 0;
        if (!Volatile.Read(ref _stopWanted) && Volatile.Read(ref _wanted) == _current && ArmAll())
        {
            Volatile.Write(ref _sleeps, _sleeps + 1);
            _spell.Sleep();
            reported = _epoll.Wait(_reported, sleep: true);
            _spell.Wake();
        }

        Interlocked.Exchange(ref _state, Polling);
        ReceiveReported(reported);
    }

    private bool ArmAll()
    {
        foreach (Source source in _current.Polled)
        {
            if (!source.Port.TryArm())
                return false;
        }

        return true;
    }

    /// <summary>A port, where its frames go, and by which number the epoll set knows its descriptors.</summary>
    private sealed class Source(IPort port, IFrameSink sink, SafeHandle? descriptor, SafeHandle? news, int tag)
    {
        internal IPort Port => port;

        internal IFrameSink Sink => sink;

        internal SafeHandle? Descriptor => descriptor;

        internal SafeHandle? News => news;

        internal int Tag => tag;
    }

    /// <summary>The ports of a worker; the watched ones at the places of their numbers, with holes.</summary>
    private sealed class Roster(Source[] polled, Source?[] watched)
    {
        internal Source[] Polled => polled;

        internal Source?[] Watched => watched;

        internal int FreeTag() => Array.IndexOf(Watched, null) is >= 0 and int hole ? hole : Watched.Length;

        internal Roster With(Source source)
        {
            if (source.Descriptor is null)
                return new Roster([.. Polled, source], Watched);
            Source?[] places = source.Tag == Watched.Length ? [.. Watched, null] : [.. Watched];
            places[source.Tag] = source;
            return new Roster(Polled, places);
        }

        internal Roster Without(Source source)
        {
            Source?[] places = [.. Watched.Select(other => other == source ? null : other)];
            return new Roster([.. Polled.Where(other => other != source)], Array.TrueForAll(places, place => place is null) ? [] : places);
        }
    }
}
