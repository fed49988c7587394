using Fabric.Disk.Engine;

namespace Fabric.Nbd.Server;

/// <summary>The requests of one connection that wait for a device: given to the workers by the connection's thread, and given back by them.</summary>
internal sealed class JobBoard(DiskWorkers workers, Negotiated chosen) : IDisposable
{
    private const int MaxOutstanding = 256;
    private const long MaxBytes = 64 << 20;

    private readonly Lock _gate = new();
    private readonly Stack<NbdJob> _free = new();
    private readonly Queue<NbdJob> _completed = new();
    private bool _asleep;
    private long _bytes;

    /// <summary>Rings when the connection's thread sleeps and a job has ended.</summary>
    internal Doorbell Bell { get; } = new();

    /// <summary>Jobs that were submitted and not taken back yet. The connection's thread only.</summary>
    internal int Outstanding { get; private set; }

    /// <summary>True when nothing more may be submitted before a job has been taken back.</summary>
    internal bool IsFull => Outstanding >= MaxOutstanding || _bytes >= MaxBytes;

    /// <summary>A job to fill in and submit.</summary>
    internal NbdJob Take() => _free.TryPop(out NbdJob? job) ? job : new NbdJob(this, chosen);

    internal void Submit(NbdJob job)
    {
        Outstanding++;
        _bytes += job.Weight;
        workers.Submit(job);
    }

    /// <summary>Called by a worker.</summary>
    internal void Complete(NbdJob job)
    {
        bool ring;
        lock (_gate)
        {
            _completed.Enqueue(job);
            ring = _asleep;
            _asleep = false;
        }

        if (ring)
            Bell.Ring();
    }

    /// <summary>Takes a job back that has ended; <see cref="Release"/> must follow.</summary>
    internal NbdJob? TakeCompleted()
    {
        if (Outstanding == 0)
            return null;
        lock (_gate)
        {
            if (!_completed.TryDequeue(out NbdJob? job))
                return null;
            Outstanding--;
            _bytes -= job.Weight;
            return job;
        }
    }

    internal void Release(NbdJob job)
    {
        job.Clear();
        _free.Push(job);
    }

    /// <summary>Has the bell ring at the next job that ends.</summary>
    /// <returns>False when one has ended already.</returns>
    internal bool TryArm()
    {
        lock (_gate)
        {
            _asleep = _completed.Count == 0;
            return _asleep;
        }
    }

    public void Dispose() => Bell.Dispose();
}
