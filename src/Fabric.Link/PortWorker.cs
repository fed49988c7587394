namespace Fabric.Link;

// How a worker moves frames
//
// A worker is one thread and the ports whose receive side it owns. It asks each port in turn for one burst, and the port hands that
// burst to its sink (a switch, a router), which forwards it to completion on this thread: no queue between stages, no hand-over
// between cores. One burst per turn, so that a port that floods delays the others by a burst and no more.
//
// The worker is in one of two states.
//
//   Polling  It goes round its ports. Wake-ups mean nothing now and cost the waker one load.
//   Parking  A spell of empty rounds has passed. It enters Parking first, then arms every port, then sleeps. Whoever finds it in
//            Parking moves it back to Polling and sets the event.
//
// Why no frame is left behind: a port stores a frame, then (after a full fence) looks whether it is armed, and wakes. The worker
// stores Parking, then (full fence) arms, and a port that is being armed looks for frames (after its own fence). So for each frame
// either TryArm sees it and says "poll again", or the port sees itself armed, and then Parking is already visible to Wake. Control
// messages (Add, Remove, Dispose) go the same way: stored first, looked at between Parking and sleep.
//
// A wake-up may come without a frame, for instance one that was already on its way when the worker found the frame by itself. It
// costs one empty spell.
//
// Ports come and go while the thread runs. The control side swaps an immutable list and waits until the worker has adopted it, which
// it does between two rounds: from then on it holds no reference to a removed port.

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

    private const int Polling = 0;
    private const int Parking = 1;

    private readonly Lock _control = new();
    private readonly Thread _thread;
    private readonly WakeEvent _event = new();
    private readonly ManualResetEventSlim _adopted = new();
    private Attachment[] _wanted = [];
    private Attachment[] _current = [];
    private bool _stopWanted;
    private bool _disposed;
    private int _state;
    private long _sleeps;

    /// <summary>Starts the thread.</summary>
    /// <param name="name">Name of the worker; the thread is called <c>worker NAME</c>.</param>
    /// <exception cref="LinkException">The host refuses an event descriptor.</exception>
    public PortWorker(string name)
    {
        Name = name;
        _thread = new Thread(Run) { Name = "worker " + name, IsBackground = true };
        _thread.Start();
    }

    /// <summary>Name of the worker.</summary>
    public string Name { get; }

    /// <summary>Number of times the worker has gone to sleep.</summary>
    public long Sleeps => Volatile.Read(ref _sleeps);

    /// <summary>Takes over the receive side of a port.</summary>
    /// <param name="port">Polled by no other worker.</param>
    /// <param name="sink">Takes what the port receives, on the worker's thread.</param>
    /// <exception cref="ArgumentException">The worker has the port already.</exception>
    public void Add(IPort port, IFrameSink sink)
    {
        ThrowOnOwnThread();
        lock (_control)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (IndexOf(port) >= 0)
                throw new ArgumentException($"worker {Name} polls port {port.Name} already", nameof(port));
            port.AttachWaker(this);
            Adopt([.. _wanted, new Attachment(port, sink)]);
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
            int index = IndexOf(port);
            if (index < 0)
                return false;
            Adopt([.. _wanted[..index], .. _wanted[(index + 1)..]]);
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
            _wanted = [];
            _event.Dispose();
            _adopted.Dispose();
        }
    }

    private void Adopt(Attachment[] wanted)
    {
        _adopted.Reset();
        Volatile.Write(ref _wanted, wanted);
        Wake();
        _adopted.Wait();
    }

    private int IndexOf(IPort port) => Array.FindIndex(_wanted, attachment => ReferenceEquals(attachment.Port, port));

    private void ThrowOnOwnThread()
    {
        if (Thread.CurrentThread == _thread)
            throw new InvalidOperationException($"worker {Name} was asked from its own thread to wait for itself");
    }

    private void Run()
    {
        int idle = 0;
        while (!Volatile.Read(ref _stopWanted))
        {
            Attachment[] wanted = Volatile.Read(ref _wanted);
            if (wanted != _current)
            {
                _current = wanted;
                _adopted.Set();
            }

            if (PollRound())
            {
                idle = 0;
            }
            else if (++idle < IdleRounds)
            {
                Thread.SpinWait(SpinsPerIdleRound);
            }
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
        foreach (ref readonly Attachment attachment in _current.AsSpan())
            taken |= attachment.Port.Receive(attachment.Sink);
        return taken != 0;
    }

    private void Park()
    {
        Interlocked.Exchange(ref _state, Parking);
        if (!Volatile.Read(ref _stopWanted) && Volatile.Read(ref _wanted) == _current && ArmAll())
        {
            Volatile.Write(ref _sleeps, _sleeps + 1);
            _event.Wait();
        }

        Interlocked.Exchange(ref _state, Polling);
    }

    private bool ArmAll()
    {
        foreach (ref readonly Attachment attachment in _current.AsSpan())
        {
            if (!attachment.Port.TryArm())
                return false;
        }

        return true;
    }

    private readonly record struct Attachment(IPort Port, IFrameSink Sink);
}
