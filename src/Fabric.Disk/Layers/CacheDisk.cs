namespace Fabric.Disk.Layers;

/// <summary>A write-back cache in memory, with a bound.</summary>
/// <remarks>
/// <para>Writes are answered when they are in memory; the disk below gets them when room is needed and at the latest with the next
/// <see cref="Flush"/>, which writes everything and then flushes below: what a flush has covered is never lost, what no flush has covered may be, in any
/// order, as with any disk. A write with <see cref="DiskFlags.ForceUnitAccess"/> goes straight through. Reads see every write at once.</para>
/// <para>What cannot be written below stays in memory and is tried again; the flush, or the write that finds no room, tells. Discarding what
/// is only in memory zeroes it below, as older bytes must not come to light.</para>
/// <para>The disk is cut into blocks of 128 sectors that fall to up to sixteen shards, each with a lock of its own; two requests wait for each other only
/// where they meet in a shard. Memory is taken as it is needed and kept.</para>
/// </remarks>
public sealed class CacheDisk : DiskLayer
{
    private const int MostShards = 16;
    private const int BlocksPerShard = 8;

    // Neighbouring blocks fall to one shard, so that writing back goes in long runs.
    private const int NeighbourShift = 4;
    private readonly CacheShard[] _shards;
    private readonly int _blockLength;

    /// <summary>A cache around a disk.</summary>
    /// <param name="below">The disk; belongs to the layer.</param>
    /// <param name="bound">Most bytes of the disk held in memory; at least two blocks are.</param>
    public CacheDisk(IDisk below, long bound)
        : base(below)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(bound);
        _blockLength = below.LogicalBlockSize * CacheBlock.Sectors;
        long blocks = Math.Max(2, bound / _blockLength);
        _shards = new CacheShard[Math.Clamp(blocks / BlocksPerShard, 1, MostShards)];
        for (int i = 0; i < _shards.Length; i++)
            _shards[i] = new CacheShard(below, below.LogicalBlockSize, (int)(blocks / _shards.Length));
    }

    /// <inheritdoc/>
    public override DiskStatus Read(long offset, Span<byte> destination, DiskFlags flags = DiskFlags.None)
    {
        if (!Fits(offset, destination.Length))
            return DiskStatus.OutOfRange;
        while (!destination.IsEmpty)
        {
            (long number, int start, int length) = PieceAt(offset, destination.Length);
            CacheShard shard = ShardOf(number);
            if (!TryEnter(shard, flags))
                return DiskStatus.WouldBlock;
            DiskStatus status = shard.ReadLocked(number, start, destination[..length], flags);
            shard.Gate.Exit();
            if (status != DiskStatus.Ok)
                return status;
            destination = destination[length..];
            offset += length;
        }

        return DiskStatus.Ok;
    }

    /// <inheritdoc/>
    public override DiskStatus Write(long offset, ReadOnlySpan<byte> source, DiskFlags flags = DiskFlags.None)
    {
        if (!Fits(offset, source.Length))
            return DiskStatus.OutOfRange;
        if (IsReadOnly)
            return DiskStatus.ReadOnly;
        bool isForced = (flags & DiskFlags.ForceUnitAccess) != 0;
        // Without waiting, a write is done whole or not at all: only one that lies in one block can promise that.
        if ((flags & DiskFlags.NoWait) != 0 && (isForced || PieceAt(offset, source.Length).Length < source.Length))
            return DiskStatus.WouldBlock;
        while (!source.IsEmpty)
        {
            (long number, int start, int length) = PieceAt(offset, source.Length);
            CacheShard shard = ShardOf(number);
            if (!TryEnter(shard, flags))
                return DiskStatus.WouldBlock;
            DiskStatus status = isForced ? shard.WriteThroughLocked(number, start, source[..length], flags) : shard.WriteLocked(number, start, source[..length], flags);
            shard.Gate.Exit();
            if (status != DiskStatus.Ok)
                return status;
            source = source[length..];
            offset += length;
        }

        return DiskStatus.Ok;
    }

    /// <inheritdoc/>
    public override DiskStatus WriteZeroes(long offset, long length, DiskFlags flags = DiskFlags.None)
    {
        if (!Fits(offset, length))
            return DiskStatus.OutOfRange;
        if ((flags & DiskFlags.NoWait) != 0)
            return DiskStatus.WouldBlock;
        EnterAll();
        DiskStatus status = Below.WriteZeroes(offset, length, flags);
        foreach (CacheShard shard in _shards)
        {
            if (status == DiskStatus.Ok)
                shard.ZeroedLocked(offset, length);
            else
                shard.ForgetCleanLocked(offset, length);
        }

        ExitAll();
        return status;
    }

    /// <inheritdoc/>
    public override DiskStatus Discard(long offset, long length)
    {
        if (!Fits(offset, length))
            return DiskStatus.OutOfRange;
        EnterAll();
        DiskStatus status = DiskStatus.Ok;
        foreach (CacheShard shard in _shards)
        {
            if (status == DiskStatus.Ok)
                status = shard.ZeroDirtyLocked(offset, length);
        }

        if (status == DiskStatus.Ok)
            status = Below.Discard(offset, length);
        foreach (CacheShard shard in _shards)
            shard.ForgetCleanLocked(offset, length);
        ExitAll();
        return status;
    }

    /// <inheritdoc/>
    public override DiskStatus Flush()
    {
        DiskStatus status = WriteBack(0, Length);
        DiskStatus flushed = Below.Flush();
        return status == DiskStatus.Ok ? flushed : status;
    }

    /// <summary>Forgets everything, what the disk below has not got included: for when that has been put back to an older state.</summary>
    public void Forget()
    {
        EnterAll();
        foreach (CacheShard shard in _shards)
            shard.ForgetLocked();
        ExitAll();
    }

    /// <summary>The disk below describes the range after it got what was only in memory; where the bytes stand in its file is not told,
    /// as newer ones may come.</summary>
    /// <inheritdoc/>
    public override DiskStatus GetExtent(long offset, long maxLength, out DiskExtent extent)
    {
        extent = default;
        DiskStatus status = Fits(offset, 0) ? WriteBack(offset, Math.Min(maxLength, Length - offset)) : DiskStatus.OutOfRange;
        if (status == DiskStatus.Ok)
            status = Below.GetExtent(offset, maxLength, out extent);
        extent = extent with { HostOffset = -1 };
        return status;
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        Flush();
        base.Dispose(disposing);
    }

    private static bool TryEnter(CacheShard shard, DiskFlags flags)
    {
        if ((flags & DiskFlags.NoWait) != 0)
            return shard.Gate.TryEnter();
        shard.Gate.Enter();
        return true;
    }

    private DiskStatus WriteBack(long offset, long length)
    {
        DiskStatus worst = DiskStatus.Ok;
        foreach (CacheShard shard in _shards)
        {
            lock (shard.Gate)
            {
                DiskStatus status = shard.WriteBackLocked(offset, length);
                if (worst == DiskStatus.Ok)
                    worst = status;
            }
        }

        return worst;
    }

    private (long Number, int Start, int Length) PieceAt(long offset, int length)
    {
        int start = (int)(offset % _blockLength);
        return (offset / _blockLength, start, Math.Min(length, _blockLength - start));
    }

    private CacheShard ShardOf(long number) => _shards[(number >> NeighbourShift) % _shards.Length];

    private void EnterAll()
    {
        foreach (CacheShard shard in _shards)
            shard.Gate.Enter();
    }

    private void ExitAll()
    {
        foreach (CacheShard shard in _shards)
            shard.Gate.Exit();
    }
}
