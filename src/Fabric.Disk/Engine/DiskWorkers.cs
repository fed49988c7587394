namespace Fabric.Disk.Engine;

/// <summary>The threads on which requests wait for a device, so that the thread which takes requests never does.</summary>
/// <remarks>
/// <para><b>How a transport uses it.</b> It asks the disk in place with <see cref="DiskFlags.NoWait"/>: what the host has cached is
/// answered at once, which is cheaper than any hand-over. On <see cref="DiskStatus.WouldBlock"/>, and for whatever waits for stable
/// storage (flush, force unit access), it fills a <see cref="DiskJob"/> and submits it; the job ends on another thread, in any
/// order, and tells its owner.</para>
/// <para>Jobs start in the order of submission. Threads are started when all others are busy, up to the bound, and stay.</para>
/// </remarks>
public sealed class DiskWorkers : IDisposable
{
    /// <summary>Enough reads in flight for a fast device.</summary>
    public const int DefaultThreads = 32;

    private readonly object _gate = new();
    private readonly List<Thread> _threads = [];
    private readonly string _name;
    private readonly int _maxThreads;
    private DiskJob? _first;
    private DiskJob? _last;
    private int _waiting;
    private int _idle;
    private bool _ending;

    /// <summary>Makes an engine; no thread runs before the first job.</summary>
    /// <param name="name">Name of the threads, for whoever looks at the process.</param>
    /// <param name="maxThreads">Most jobs that run at once.</param>
    public DiskWorkers(string name, int maxThreads = DefaultThreads)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxThreads, 1);
        _name = name;
        _maxThreads = maxThreads;
    }

    /// <summary>Has a job run. Any thread; never blocks for long. The job must not be submitted again before it ran.</summary>
    public void Submit(DiskJob job)
    {
        ArgumentNullException.ThrowIfNull(job);
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_ending, this);
            job.Next = null;
            if (_last is null)
                _first = job;
            else
                _last.Next = job;
            _last = job;
            if (++_waiting > _idle && _threads.Count < _maxThreads)
                StartLocked();
            else
                Monitor.Pulse(_gate);
        }
    }

    /// <summary>Runs what was submitted to its end, then ends the threads.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _ending = true;
            Monitor.PulseAll(_gate);
        }

        foreach (Thread thread in _threads)
            thread.Join();
    }

    private void StartLocked()
    {
        Thread thread = new(Work) { IsBackground = true, Name = $"{_name} {_threads.Count}" };
        _threads.Add(thread);
        thread.Start();
    }

    private void Work()
    {
        while (Take() is { } job)
            job.Run();
    }

    private DiskJob? Take()
    {
        lock (_gate)
        {
            _idle++;
            while (_first is null && !_ending)
                Monitor.Wait(_gate);
            _idle--;
            DiskJob? job = _first;
            if (job is null)
                return null;
            _first = job.Next;
            _waiting--;
            if (_first is null)
                _last = null;
            return job;
        }
    }
}
