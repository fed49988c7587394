namespace Fabric.Virtio;

/// <summary>What a block device has done. Each queue's thread adds; any thread may read at any time.</summary>
public sealed class BlockCounters
{
    private long _reads;
    private long _readBytes;
    private long _writes;
    private long _writtenBytes;
    private long _flushes;
    private long _discards;
    private long _zeroes;
    private long _rejected;
    private long _hostErrors;
    private long _noSpace;

    /// <summary>Read requests that succeeded.</summary>
    public long Reads => Volatile.Read(ref _reads);

    /// <summary>Bytes they read.</summary>
    public long ReadBytes => Volatile.Read(ref _readBytes);

    /// <summary>Write requests that succeeded.</summary>
    public long Writes => Volatile.Read(ref _writes);

    /// <summary>Bytes they wrote.</summary>
    public long WrittenBytes => Volatile.Read(ref _writtenBytes);

    /// <summary>Flush requests that succeeded.</summary>
    public long Flushes => Volatile.Read(ref _flushes);

    /// <summary>Discard requests that succeeded.</summary>
    public long Discards => Volatile.Read(ref _discards);

    /// <summary>Write-zeroes requests that succeeded.</summary>
    public long Zeroes => Volatile.Read(ref _zeroes);

    /// <summary>Requests that made no sense: bad length, range, type or flag.</summary>
    public long Rejected => Volatile.Read(ref _rejected);

    /// <summary>Requests that failed on the host, a full host included.</summary>
    public long HostErrors => Volatile.Read(ref _hostErrors);

    /// <summary>Requests that failed because the host is full.</summary>
    public long NoSpace => Volatile.Read(ref _noSpace);

    internal void AddRejected() => Interlocked.Increment(ref _rejected);

    internal void AddHostError(bool full)
    {
        Interlocked.Increment(ref _hostErrors);
        if (full)
            Interlocked.Increment(ref _noSpace);
    }

    internal void AddDone(BlockRequestType type, long bytes)
    {
        switch (type)
        {
            case BlockRequestType.Read:
                Interlocked.Increment(ref _reads);
                Interlocked.Add(ref _readBytes, bytes);
                break;
            case BlockRequestType.Write:
                Interlocked.Increment(ref _writes);
                Interlocked.Add(ref _writtenBytes, bytes);
                break;
            case BlockRequestType.Flush:
                Interlocked.Increment(ref _flushes);
                break;
            case BlockRequestType.Discard:
                Interlocked.Increment(ref _discards);
                break;
            case BlockRequestType.WriteZeroes:
                Interlocked.Increment(ref _zeroes);
                break;
        }
    }
}
