namespace Fabric.Disk.Layers;

/// <summary>A bound on what several images take on the host together.</summary>
/// <remarks>
/// <para>What the images take is measured from time to time. Between two measurements each allocating write is counted with the most
/// that it can take; when that sum would pass the limit, the images are measured anew. So far below the limit a write costs one addition, and
/// near it no image is allowed a byte too much: what is refused is refused before the image is touched.</para>
/// <para>Any thread.</para>
/// </remarks>
public sealed class StoragePool
{
    private readonly Lock _gate = new();
    private readonly Func<long> _measure;
    private long _measured;
    private long _since;
    private long _inFlight;
    private int _isFull;

    /// <summary>A pool.</summary>
    /// <param name="limit">Most bytes the images may take on the host.</param>
    /// <param name="measure">Tells how many they take now. Called under a lock, not often, from threads that write.</param>
    public StoragePool(long limit, Func<long> measure)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(limit);
        Limit = limit;
        _measure = measure;
        _measured = measure();
    }

    /// <summary>Called when the pool becomes full: a write was refused and the one before was not.</summary>
    public event Action? Filled;

    /// <summary>Most bytes the images may take on the host.</summary>
    public long Limit { get; }

    /// <summary>Writes refused so far.</summary>
    public long Refused { get; private set; }

    /// <summary>True when the last allocating write was refused.</summary>
    public bool IsFull => Volatile.Read(ref _isFull) != 0;

    /// <summary>Bytes the images take now, measured.</summary>
    public long Used => _measure();

    /// <summary>Reserves room for an allocation that is about to be made, without measuring.</summary>
    internal bool TryReserve(long bytes)
    {
        if (Interlocked.Add(ref _inFlight, bytes) + Volatile.Read(ref _since) + Volatile.Read(ref _measured) <= Limit)
            return true;
        Interlocked.Add(ref _inFlight, -bytes);
        return false;
    }

    /// <summary>Reserves room, after a new measurement.</summary>
    internal bool TryReserveMeasured(long bytes)
    {
        bool isNews = false;
        lock (_gate)
        {
            // What was finished before the measurement is in it; what finishes meanwhile stays counted, which errs on the safe side.
            long finished = Volatile.Read(ref _since);
            Volatile.Write(ref _measured, _measure());
            Interlocked.Add(ref _since, -finished);
            if (TryReserve(bytes))
                return true;
            Refused++;
            isNews = Interlocked.Exchange(ref _isFull, 1) == 0;
        }

        if (isNews)
            Filled?.Invoke();
        return false;
    }

    /// <summary>Tells that an allocation for which room was reserved has been made.</summary>
    internal void Settle(long bytes)
    {
        Interlocked.Add(ref _since, bytes);
        Interlocked.Add(ref _inFlight, -bytes);
        if (bytes > 0 && _isFull != 0)
            Volatile.Write(ref _isFull, 0);
    }
}
