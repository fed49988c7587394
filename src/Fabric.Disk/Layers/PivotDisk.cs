namespace Fabric.Disk.Layers;

/// <summary>A place where the disk below can be exchanged while a guest uses it: the base of snapshots of running machines.</summary>
/// <remarks>
/// <para>Requests pass through a gate. <see cref="Hold"/> closes it and waits until those inside have come out; from then on new ones
/// wait (or are answered <see cref="DiskStatus.WouldBlock"/>, if they asked for that) and the disk below is still. The guest only sees that its requests
/// take a moment longer. <see cref="Exchange"/> puts another disk in place; <see cref="Resume"/> opens the gate.</para>
/// <para>Passing costs two interlocked operations. Hold, Exchange and Resume belong to one thread at a time, which need not be the same for all.</para>
/// </remarks>
public sealed class PivotDisk : IDisk
{
    private readonly ManualResetEventSlim _open = new(true, spinCount: 0);
    private readonly AutoResetEvent _drained = new(false);
    private IDisk _target;
    private int _inside;
    private volatile bool _isHeld;

    /// <summary>A pivot that stands on a disk.</summary>
    /// <param name="target">The disk; belongs to the pivot while it stands on it.</param>
    public PivotDisk(IDisk target)
    {
        ArgumentNullException.ThrowIfNull(target);
        _target = target;
    }

    /// <summary>The disk below, to be used directly only between <see cref="Hold"/> and <see cref="Resume"/>.</summary>
    public IDisk Target => Volatile.Read(ref _target);

    /// <summary>True between <see cref="Hold"/> and <see cref="Resume"/>.</summary>
    public bool IsHeld => _isHeld;

    /// <inheritdoc/>
    public long Length => Target.Length;

    /// <inheritdoc/>
    public int LogicalBlockSize => Target.LogicalBlockSize;

    /// <inheritdoc/>
    public bool IsReadOnly => Target.IsReadOnly;

    /// <inheritdoc/>
    public int DiscardGranularity => Target.DiscardGranularity;

    /// <summary>Closes the gate and waits until no request is inside.</summary>
    /// <exception cref="InvalidOperationException">It is held already.</exception>
    public void Hold()
    {
        if (_isHeld)
            throw new InvalidOperationException("The pivot is held already.");
        _open.Reset();
        _isHeld = true;
        // Either a request sees the gate closed, or this sees the request inside: both write first, then read.
        Interlocked.MemoryBarrier();
        while (Volatile.Read(ref _inside) != 0)
            _drained.WaitOne();
    }

    /// <summary>Puts another disk in place of the one below.</summary>
    /// <param name="next">The disk; belongs to the pivot from now on.</param>
    /// <returns>The former one, which belongs to the caller again.</returns>
    /// <exception cref="InvalidOperationException">The gate is open.</exception>
    public IDisk Exchange(IDisk next)
    {
        ArgumentNullException.ThrowIfNull(next);
        if (!_isHeld)
            throw new InvalidOperationException("Hold the pivot first.");
        return Interlocked.Exchange(ref _target, next);
    }

    /// <summary>Opens the gate.</summary>
    public void Resume()
    {
        _isHeld = false;
        _open.Set();
    }

    /// <inheritdoc/>
    public DiskStatus Read(long offset, Span<byte> destination, DiskFlags flags = DiskFlags.None)
    {
        if (!TryEnter(flags))
            return DiskStatus.WouldBlock;
        DiskStatus status = _target.Read(offset, destination, flags);
        Leave();
        return status;
    }

    /// <inheritdoc/>
    public DiskStatus Write(long offset, ReadOnlySpan<byte> source, DiskFlags flags = DiskFlags.None)
    {
        if (!TryEnter(flags))
            return DiskStatus.WouldBlock;
        DiskStatus status = _target.Write(offset, source, flags);
        Leave();
        return status;
    }

    /// <inheritdoc/>
    public DiskStatus WriteZeroes(long offset, long length, DiskFlags flags = DiskFlags.None)
    {
        if (!TryEnter(flags))
            return DiskStatus.WouldBlock;
        DiskStatus status = _target.WriteZeroes(offset, length, flags);
        Leave();
        return status;
    }

    /// <inheritdoc/>
    public DiskStatus Discard(long offset, long length)
    {
        TryEnter(DiskFlags.None);
        DiskStatus status = _target.Discard(offset, length);
        Leave();
        return status;
    }

    /// <inheritdoc/>
    public DiskStatus Flush()
    {
        TryEnter(DiskFlags.None);
        DiskStatus status = _target.Flush();
        Leave();
        return status;
    }

    /// <inheritdoc/>
    public DiskStatus GetExtent(long offset, long maxLength, out DiskExtent extent)
    {
        TryEnter(DiskFlags.None);
        DiskStatus status = _target.GetExtent(offset, maxLength, out extent);
        Leave();
        return status;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _target.Dispose();
        _open.Dispose();
        _drained.Dispose();
    }

    private bool TryEnter(DiskFlags flags)
    {
        while (true)
        {
            Interlocked.Increment(ref _inside);
            if (!_isHeld)
                return true;
            Leave();
            if ((flags & DiskFlags.NoWait) != 0)
                return false;
            _open.Wait();
        }
    }

    private void Leave()
    {
        if (Interlocked.Decrement(ref _inside) == 0 && _isHeld)
            _drained.Set();
    }
}
