namespace Fabric.Disk.Layers;

/// <summary>A part of a <see cref="CacheDisk"/>: the blocks whose numbers fall to it, under one lock, the least recently used going first.</summary>
/// <remarks>Invariant: a sector that is dirty is valid; what is not valid is read below. So dropping what is clean is always right,
/// and dropping what is dirty never is. Methods ending in Locked want <see cref="Gate"/> held.</remarks>
internal sealed class CacheShard
{
    private readonly IDisk _below;
    private readonly int _sector;
    private readonly int _blockLength;
    private readonly int _capacity;
    private readonly Dictionary<long, CacheBlock> _blocks;
    private readonly List<CacheBlock> _all;
    private readonly CacheBlock _ends = new(0);

    /// <param name="below">The disk below.</param>
    /// <param name="sector">Length of a sector.</param>
    /// <param name="capacity">Blocks held at most.</param>
    public CacheShard(IDisk below, int sector, int capacity)
    {
        _below = below;
        _sector = sector;
        _blockLength = sector * CacheBlock.Sectors;
        _capacity = capacity;
        _blocks = new Dictionary<long, CacheBlock>(capacity);
        _all = new List<CacheBlock>(capacity);
        _ends.Newer = _ends.Older = _ends;
    }

    public Lock Gate { get; } = new();

    /// <summary>Reads a range of one block.</summary>
    public DiskStatus ReadLocked(long number, int start, Span<byte> destination, DiskFlags flags)
    {
        bool noWait = (flags & DiskFlags.NoWait) != 0;
        if (!_blocks.TryGetValue(number, out CacheBlock? block))
        {
            // Without waiting, the read below is all there is time for; without a block to be had, it is all there is room for.
            if (noWait || !TryObtainLocked(number, mayWrite: true, out block))
                return _below.Read(OffsetOf(number) + start, destination, flags);
        }

        UInt128 missing = CacheBlock.Touched(start, destination.Length, _sector) & ~block.Valid;
        if (missing != UInt128.Zero && noWait)
            return DiskStatus.WouldBlock;
        DiskStatus status = FillLocked(block, missing);
        if (status != DiskStatus.Ok)
            return status;
        block.Bytes.AsSpan(start, destination.Length).CopyTo(destination);
        TouchLocked(block);
        return DiskStatus.Ok;
    }

    /// <summary>Writes a range of one block: the disk below gets it later.</summary>
    public DiskStatus WriteLocked(long number, int start, ReadOnlySpan<byte> source, DiskFlags flags)
    {
        bool noWait = (flags & DiskFlags.NoWait) != 0;
        if (!_blocks.TryGetValue(number, out CacheBlock? block) && !TryObtainLocked(number, mayWrite: !noWait, out block))
            return noWait ? DiskStatus.WouldBlock : _below.Write(OffsetOf(number) + start, source, flags);
        UInt128 touched = CacheBlock.Touched(start, source.Length, _sector);
        UInt128 edges = touched & ~CacheBlock.Covered(start, source.Length, _sector) & ~block.Valid;
        if (edges != UInt128.Zero && noWait)
            return DiskStatus.WouldBlock;
        DiskStatus status = FillLocked(block, edges);
        if (status != DiskStatus.Ok)
            return status;
        source.CopyTo(block.Bytes.AsSpan(start));
        block.Valid |= touched;
        block.Dirty |= touched;
        TouchLocked(block);
        return DiskStatus.Ok;
    }

    /// <summary>Writes a range of one block to the disk below, and into the cache what it holds of it.</summary>
    public DiskStatus WriteThroughLocked(long number, int start, ReadOnlySpan<byte> source, DiskFlags flags)
    {
        DiskStatus status = _below.Write(OffsetOf(number) + start, source, flags);
        if (!_blocks.TryGetValue(number, out CacheBlock? block))
            return status;
        UInt128 touched = CacheBlock.Touched(start, source.Length, _sector);
        if (status != DiskStatus.Ok)
        {
            block.Valid &= ~(touched & ~block.Dirty);
            return status;
        }

        UInt128 covered = CacheBlock.Covered(start, source.Length, _sector);
        source.CopyTo(block.Bytes.AsSpan(start));
        block.Dirty &= ~covered;
        block.Valid |= covered;
        return DiskStatus.Ok;
    }

    /// <summary>Writes what is dirty in a range to the disk below, in the disk's order.</summary>
    /// <returns>The first failure; the rest was tried all the same.</returns>
    public DiskStatus WriteBackLocked(long offset, long length)
    {
        DiskStatus worst = DiskStatus.Ok;
        _all.Sort(static (a, b) => a.Number.CompareTo(b.Number));
        foreach (CacheBlock block in _all)
        {
            if (!Overlaps(block, offset, length))
                continue;
            DiskStatus status = WriteBackLocked(block);
            if (worst == DiskStatus.Ok)
                worst = status;
        }

        return worst;
    }

    /// <summary>Forgets everything.</summary>
    public void ForgetLocked()
    {
        foreach (CacheBlock block in _all)
            block.Valid = block.Dirty = UInt128.Zero;
    }

    /// <summary>After the disk below has zeroed a range: forgets it, or zeroes its own part of a sector.</summary>
    public void ZeroedLocked(long offset, long length)
    {
        foreach (CacheBlock block in _all)
        {
            if (!Overlaps(block, offset, length))
                continue;
            (int start, int count) = PartOf(block, offset, length);
            UInt128 covered = CacheBlock.Covered(start, count, _sector);
            block.Bytes.AsSpan(start, count).Clear();
            block.Valid &= ~covered;
            block.Dirty &= ~covered;
        }
    }

    /// <summary>Forgets what is clean in a range.</summary>
    public void ForgetCleanLocked(long offset, long length)
    {
        foreach (CacheBlock block in _all)
        {
            if (!Overlaps(block, offset, length))
                continue;
            (int start, int count) = PartOf(block, offset, length);
            block.Valid &= ~CacheBlock.Touched(start, count, _sector) | block.Dirty;
        }
    }

    /// <summary>Zeroes, on the disk below, the sectors that are dirty and lie in a range: older bytes must not come to light when the
    /// newer ones are thrown away.</summary>
    public DiskStatus ZeroDirtyLocked(long offset, long length)
    {
        foreach (CacheBlock block in _all)
        {
            if (!Overlaps(block, offset, length))
                continue;
            (int start, int count) = PartOf(block, offset, length);
            UInt128 dirty = block.Dirty & CacheBlock.Covered(start, count, _sector);
            for (UInt128 rest = dirty; CacheBlock.TryTakeRun(ref rest, out int first, out int run);)
            {
                DiskStatus status = _below.WriteZeroes(OffsetOf(block.Number) + (first * _sector), run * _sector, DiskFlags.MayUnmap);
                if (status != DiskStatus.Ok)
                    return status;
            }

            block.Dirty &= ~dirty;
            block.Valid &= ~dirty;
        }

        return DiskStatus.Ok;
    }

    private long OffsetOf(long number) => number * _blockLength;

    private bool Overlaps(CacheBlock block, long offset, long length) =>
        block.Number >= 0 && OffsetOf(block.Number) < offset + length && offset < OffsetOf(block.Number) + _blockLength;

    private (int Start, int Length) PartOf(CacheBlock block, long offset, long length)
    {
        long begin = OffsetOf(block.Number);
        int start = (int)Math.Max(0, offset - begin);
        return (start, (int)Math.Min(_blockLength, offset + length - begin) - start);
    }

    private DiskStatus FillLocked(CacheBlock block, UInt128 missing)
    {
        while (CacheBlock.TryTakeRun(ref missing, out int first, out int count))
        {
            long offset = OffsetOf(block.Number) + (first * _sector);
            int length = (int)Math.Min(count * _sector, _below.Length - offset);
            DiskStatus status = _below.Read(offset, block.Bytes.AsSpan(first * _sector, length));
            if (status != DiskStatus.Ok)
                return status;
            block.Valid |= CacheBlock.Touched(first * _sector, count * _sector, _sector);
        }

        return DiskStatus.Ok;
    }

    private DiskStatus WriteBackLocked(CacheBlock block)
    {
        for (UInt128 dirty = block.Dirty; CacheBlock.TryTakeRun(ref dirty, out int first, out int count);)
        {
            long offset = OffsetOf(block.Number) + (first * _sector);
            int length = (int)Math.Min(count * _sector, _below.Length - offset);
            DiskStatus status = _below.Write(offset, block.Bytes.AsSpan(first * _sector, length));
            if (status != DiskStatus.Ok)
                return status;
            block.Dirty &= ~CacheBlock.Touched(first * _sector, count * _sector, _sector);
        }

        return DiskStatus.Ok;
    }

    /// <summary>Gets an empty block: a new one while there is room, else the oldest that is clean or can be written.</summary>
    private bool TryObtainLocked(long number, bool mayWrite, out CacheBlock block)
    {
        if (_all.Count < _capacity)
        {
            block = new CacheBlock(_blockLength);
            _all.Add(block);
        }
        else
        {
            for (block = _ends.Newer!; block != _ends; block = block.Newer!)
            {
                if (block.Dirty == UInt128.Zero || (mayWrite && WriteBackLocked(block) == DiskStatus.Ok))
                    break;
            }

            if (block == _ends)
                return false;
            _blocks.Remove(block.Number);
        }

        block.Number = number;
        block.Valid = block.Dirty = UInt128.Zero;
        _blocks.Add(number, block);
        TouchLocked(block);
        return true;
    }

    /// <summary>Makes a block the newest of the ring that begins and ends at <see cref="_ends"/>.</summary>
    private void TouchLocked(CacheBlock block)
    {
        if (block.Newer is not null)
        {
            block.Newer.Older = block.Older;
            block.Older!.Newer = block.Newer;
        }

        block.Newer = _ends;
        block.Older = _ends.Older;
        _ends.Older!.Newer = block;
        _ends.Older = block;
    }
}
