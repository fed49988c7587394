namespace Fabric.Disk.Layers;

/// <summary>Lets threads wait on a clock that was handed in, without spinning. What a wait needs is kept for the next one, so that
/// none allocates in steady state.</summary>
/// <param name="time">The clock.</param>
internal sealed class Delays(TimeProvider time) : IDisposable
{
    private readonly Stack<Waiter> _idle = new();
    private readonly HashSet<Waiter> _busy = [];
    private bool _isLifted;

    /// <summary>Threads that wait now.</summary>
    public int Waiting
    {
        get
        {
            lock (_idle)
                return _busy.Count(waiter => waiter.IsArmed);
        }
    }

    /// <summary>Waits a number of the clock's ticks.</summary>
    public void Wait(long ticks)
    {
        if (ticks <= 0)
            return;
        Waiter waiter;
        lock (_idle)
        {
            if (_isLifted)
                return;
            if (!_idle.TryPop(out waiter!))
                waiter = new Waiter(time);
            _busy.Add(waiter);
        }

        waiter.Wait(TimeSpan.FromMilliseconds(Math.Ceiling((double)ticks * 1000 / time.TimestampFrequency)));
        lock (_idle)
        {
            _busy.Remove(waiter);
            _idle.Push(waiter);
        }
    }

    /// <summary>Ends every wait, now and from now on.</summary>
    public void Lift()
    {
        lock (_idle)
        {
            _isLifted = true;
            foreach (Waiter waiter in _busy)
                waiter.End();
        }
    }

    /// <summary>Nobody waits any more.</summary>
    public void Dispose()
    {
        foreach (Waiter waiter in _idle)
            waiter.Dispose();
    }

    private sealed class Waiter : IDisposable
    {
        private readonly AutoResetEvent _over = new(false);
        private readonly ITimer _timer;
        private volatile bool _isArmed;

        public Waiter(TimeProvider time) => _timer = time.CreateTimer(static state => ((Waiter)state!)._over.Set(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);

        public bool IsArmed => _isArmed;

        public void Wait(TimeSpan delay)
        {
            _timer.Change(delay, Timeout.InfiniteTimeSpan);
            _isArmed = true;
            _over.WaitOne();
            _isArmed = false;
            _timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }

        public void End() => _over.Set();

        public void Dispose()
        {
            _timer.Dispose();
            _over.Dispose();
        }
    }
}
