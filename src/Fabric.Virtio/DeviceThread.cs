namespace Fabric.Virtio;

/// <summary>The thread on which a device serves its queues: sleeps until woken, serves, sleeps again. Several wake-ups before it
/// gets to run count as one.</summary>
internal sealed class DeviceThread : IDisposable
{
    private readonly Action _serve;
    private readonly object _gate = new();
    private readonly Thread _thread;
    private int _woken;
    private volatile bool _ending;

    /// <summary>Starts the thread.</summary>
    /// <param name="name">Its name, for whoever looks at the process.</param>
    /// <param name="serve">Serves the queues until nothing is left to do.</param>
    internal DeviceThread(string name, Action serve)
    {
        _serve = serve;
        _thread = new Thread(Run) { IsBackground = true, Name = name };
        _thread.Start();
    }

    /// <summary>Has the queues served after this call; does nothing once the thread has ended. Any thread; never blocks for long; one
    /// interlocked operation while it is awake.</summary>
    internal void Wake()
    {
        if (Interlocked.Exchange(ref _woken, 1) != 0)
            return;
        lock (_gate)
            Monitor.Pulse(_gate);
    }

    /// <summary>Joins the thread. The queues must have been stopped.</summary>
    public void Dispose()
    {
        _ending = true;
        lock (_gate)
            Monitor.Pulse(_gate);
        _thread.Join();
    }

    private void Run()
    {
        while (true)
        {
            lock (_gate)
            {
                while (Volatile.Read(ref _woken) == 0 && !_ending)
                    Monitor.Wait(_gate);
            }

            if (_ending)
                return;
            // Cleared before serving, with a full barrier: a wake-up that comes later than our look at the rings sets it again.
            Interlocked.Exchange(ref _woken, 0);
            _serve();
        }
    }
}
