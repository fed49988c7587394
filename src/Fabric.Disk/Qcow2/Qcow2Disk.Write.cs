using System.Numerics;

namespace Fabric.Disk.Qcow2;

/// <content>Writing: in place without the lock, or into new clusters under it.</content>
internal sealed partial class Qcow2Disk
{
    /// <inheritdoc/>
    public override DiskStatus Write(long offset, ReadOnlySpan<byte> source, DiskFlags flags = DiskFlags.None)
    {
        if (IsReadOnly)
            return DiskStatus.ReadOnly;
        if (!Inside(offset, source.Length))
            return DiskStatus.OutOfRange;
        while (!source.IsEmpty)
        {
            DiskStatus status = WriteInPlace(offset, source, out int done);
            if (status == DiskStatus.Ok && done == 0)
                lock (_gate)
                    status = WriteLocked(offset, source, out done);
            if (status != DiskStatus.Ok)
                return status;
            source = source[done..];
            offset += done;
        }

        return (flags & DiskFlags.ForceUnitAccess) != 0 ? Flush() : DiskStatus.Ok;
    }

    private DiskStatus WriteInPlace(long offset, ReadOnlySpan<byte> source, out int done)
    {
        int slot = _inFlight.Enter();
        try
        {
            done = 0;
            if (_map.FoundCorrupt || !_map.TryMap(offset, source.Length, out ClusterRun run) || run.Kind != ClusterKind.Owned)
                return DiskStatus.Ok;
            done = (int)run.Length;
            return _data.Write(run.HostOffset, source[..done]);
        }
        finally
        {
            _inFlight.Leave(slot);
        }
    }

    /// <summary>Writes as much as one allocation, or one run in place, takes.</summary>
    private DiskStatus WriteLocked(long offset, ReadOnlySpan<byte> source, out int done)
    {
        done = 0;
        DiskStatus status = PrepareLocked(offset, out L2Slice? slice);
        if (slice is null)
            return status;
        ClusterRun run = _map.RunAt(slice, offset, source.Length);
        if (run.Kind == ClusterKind.Corrupt)
            return RefuseLocked();
        if (run.Kind == ClusterKind.Owned)
        {
            done = (int)run.Length;
            return _data.Write(run.HostOffset, source[..done]);
        }

        if (L2Layout.OwnsHost(run.Entry))
            return WriteKept(slice, offset, source[..(int)run.Length], out done);
        int index = _map.IndexOf(offset);
        int inside = (int)(offset & (_clusterSize - 1));
        int wanted = CountNew(slice, index, (inside + (long)source.Length + _clusterSize - 1) >> _clusterBits);
        status = AllocateDataLocked(offset, wanted, out long first, out int got, out bool fresh);
        if (status != DiskStatus.Ok)
            return status;
        done = (int)Math.Min(source.Length, ((long)got << _clusterBits) - inside);
        status = Fill(slice, offset, first << _clusterBits, source[..done], fresh);
        if (status != DiskStatus.Ok)
        {
            ReleaseDataLocked(first, got);
            return status;
        }

        for (int i = 0; i < got; i++)
            Link(slice, index + i, first + i, inside, inside + done, (long)i << _clusterBits);
        _changed = true;
        return SettleLocked();
    }

    /// <summary>Points an entry to the cluster that was filled for it.</summary>
    /// <param name="slice">Piece of the L2 table.</param>
    /// <param name="index">Number of the entry.</param>
    /// <param name="cluster">The new cluster.</param>
    /// <param name="from">First byte written, counted from the begin of the first cluster of the allocation.</param>
    /// <param name="to">Behind the last byte written.</param>
    /// <param name="start">First byte of this cluster, counted likewise.</param>
    private void Link(L2Slice slice, int index, long cluster, long from, long to, long start)
    {
        ulong old = _map.Entry(slice, index);
        ulong bitmap = _map.Bitmap(slice, index);
        uint written = _layout.UnitsOf(Math.Max(from - start, 0), Math.Min(to - start, _clusterSize));
        uint there = (old & L2Entry.CompressedBit) != 0 ? uint.MaxValue : (uint)bitmap | written;
        uint zero = (old & L2Entry.CompressedBit) != 0 ? 0 : (uint)(bitmap >> 32) & ~written;
        _map.SetLocked(slice, index, (ulong)(cluster << _clusterBits) | L2Entry.Copied, ((ulong)zero << 32) | there);
        Unlink(old);
    }

    /// <summary>How many neighbouring clusters need a new place, at most so many.</summary>
    private int CountNew(L2Slice slice, int index, long most)
    {
        int count = 1;
        while (count < most && index + count < _map.EntriesPerSlice)
        {
            ulong entry = _map.Entry(slice, index + count);
            if (L2Layout.OwnsHost(entry) || _layout.KindOf(entry, _map.Bitmap(slice, index + count), 0) == ClusterKind.Corrupt)
                break;
            count++;
        }

        return count;
    }

    /// <summary>Writes units that read as zeroes or show the backing disk into the host cluster that was kept for this. Units of the cluster
    /// that are there already may be written by others meanwhile and are left alone.</summary>
    /// <param name="slice">Piece of the L2 table.</param>
    /// <param name="offset">First byte.</param>
    /// <param name="source">Bytes for neighbouring units of one kind.</param>
    /// <param name="done">Bytes written, at most to the cluster's end.</param>
    private DiskStatus WriteKept(L2Slice slice, long offset, ReadOnlySpan<byte> source, out int done)
    {
        int index = _map.IndexOf(offset);
        ulong entry = _map.Entry(slice, index);
        ulong bitmap = _map.Bitmap(slice, index);
        int inside = (int)(offset & (_clusterSize - 1));
        done = Math.Min(source.Length, _clusterSize - inside);
        DiskStatus status = FillPart(slice, offset, (long)(entry & L2Entry.OffsetMask), source[..done], fresh: false, moves: false);
        if (status == DiskStatus.Ok)
        {
            ulong written = _layout.UnitsOf(inside, inside + done);
            _map.SetLocked(slice, index, _layout.IsExtended ? entry : entry & ~L2Entry.ZeroBit, (bitmap | written) & ~(written << 32));
            _changed = true;
        }

        return status;
    }

    /// <summary>Fills new clusters: the guest's bytes, and around them what stood there before.</summary>
    private DiskStatus Fill(L2Slice slice, long offset, long host, ReadOnlySpan<byte> source, bool fresh)
    {
        int inside = (int)(offset & (_clusterSize - 1));
        DiskStatus status = DiskStatus.Ok;
        if (inside != 0 || source.Length < _clusterSize)
        {
            int head = Math.Min(source.Length, _clusterSize - inside);
            status = FillPart(slice, offset, host, source[..head], fresh, moves: true);
            source = source[head..];
            offset += head;
            host += _clusterSize;
        }

        int whole = source.Length & -_clusterSize;
        if (status == DiskStatus.Ok && whole > 0)
            status = _data.Write(host, source[..whole]);
        if (status == DiskStatus.Ok && source.Length > whole)
            status = FillPart(slice, offset + whole, host + whole, source[whole..], fresh, moves: true);
        return status;
    }

    /// <summary>Fills a part of a host cluster in whole units.</summary>
    /// <param name="slice">Piece of the L2 table.</param>
    /// <param name="offset">First guest byte.</param>
    /// <param name="host">The host cluster.</param>
    /// <param name="source">Bytes, inside one cluster.</param>
    /// <param name="fresh">The host cluster reads as zeroes.</param>
    /// <param name="moves">The host cluster is a new one, so that what the old one held must come along.</param>
    private DiskStatus FillPart(L2Slice slice, long offset, long host, ReadOnlySpan<byte> source, bool fresh, bool moves)
    {
        int inside = (int)(offset & (_clusterSize - 1));
        long start = offset - inside;
        int from = inside & -_layout.Unit;
        int to = (inside + source.Length + _layout.Unit - 1) & -_layout.Unit;
        if (moves)
            WidenToOld(slice, start, ref from, ref to);
        int end = inside + source.Length;
        if ((from == inside && to == end)
            || (fresh && ReadsZero(slice, start + from, inside - from) && ReadsZero(slice, start + end, to - end)))
            return _data.Write(host + inside, source);
        Span<byte> scratch = Scratch()[from..to];
        DiskStatus status = ReadOld(slice, start + from, scratch[..(inside - from)]);
        if (status == DiskStatus.Ok)
            status = ReadOld(slice, start + end, scratch[(end - from)..]);
        if (status != DiskStatus.Ok)
            return status;
        source.CopyTo(scratch[(inside - from)..]);
        return _data.Write(host + from, scratch);
    }

    /// <summary>Widens a range to what an old host cluster holds besides.</summary>
    private void WidenToOld(L2Slice slice, long start, ref int from, ref int to)
    {
        int index = _map.IndexOf(start);
        ulong entry = _map.Entry(slice, index);
        uint there = (entry & L2Entry.CompressedBit) != 0 ? uint.MaxValue : (uint)_map.Bitmap(slice, index);
        if (!_layout.IsExtended || there == 0)
            return;
        from = Math.Min(from, BitOperations.TrailingZeroCount(there) << _layout.UnitBits);
        to = Math.Max(to, (Qcow2CreateOptions.Subclusters - BitOperations.LeadingZeroCount(there)) << _layout.UnitBits);
    }

    private bool ReadsZero(L2Slice slice, long offset, int length)
    {
        while (length > 0)
        {
            ClusterRun run = _map.RunAt(slice, offset, length);
            if (!ReadsZero(run, offset))
                return false;
            offset += run.Length;
            length -= (int)run.Length;
        }

        return true;
    }

    private bool ReadsZero(in ClusterRun run, long offset) =>
        run.Kind is ClusterKind.Zero or ClusterKind.ZeroAllocated || (run.Kind is ClusterKind.Unallocated or ClusterKind.Kept && !ShowsBacking(offset));

    private DiskStatus ReadOld(L2Slice slice, long offset, Span<byte> destination)
    {
        DiskStatus status = DiskStatus.Ok;
        while (!destination.IsEmpty && status == DiskStatus.Ok)
        {
            ClusterRun run = _map.RunAt(slice, offset, destination.Length);
            status = ReadRun(run, offset, destination[..(int)run.Length], noWait: false);
            destination = destination[(int)run.Length..];
            offset += run.Length;
        }

        return status;
    }

    private Span<byte> Scratch() => _scratch.Length != 0 ? _scratch : _scratch = new byte[_clusterSize];

    /// <summary>Brings the piece for an offset into the cache, in an L2 table that belongs to the active image alone.</summary>
    private DiskStatus PrepareLocked(long offset, out L2Slice? slice)
    {
        slice = null;
        if (_corrupt || _map.FoundCorrupt)
            return RefuseLocked();
        ulong l1 = _map.L1For(offset);
        DiskStatus status = DiskStatus.Ok;
        if ((l1 & L2Entry.Copied) == 0 || (l1 & L2Entry.OffsetMask) == 0)
            status = NewTableLocked(offset, (long)(l1 & L2Entry.OffsetMask));
        if (status == DiskStatus.Ok)
            status = LoadPieceLocked(offset, noWait: false, out slice);
        if (!_map.FoundCorrupt)
            return status;
        slice = null;
        return RefuseLocked();
    }

    /// <summary>Gives an L1 entry an L2 table of its own: empty, or a copy of the one it shares with a snapshot.</summary>
    private DiskStatus NewTableLocked(long offset, long old)
    {
        DiskStatus status = AllocateLocked(1, out long cluster, out _, out _);
        if (status != DiskStatus.Ok)
            return status;
        long place = cluster << _clusterBits;
        if (old == 0)
        {
            status = _store.WriteZeroes(place, _clusterSize, mayUnmap: false);
        }
        else
        {
            status = _store.Read(old, Scratch());
            if (status == DiskStatus.Ok)
                status = _store.Write(place, Scratch());
        }

        if (status != DiskStatus.Ok)
        {
            ReleaseLocked(cluster, 1);
            return status;
        }

        _metadata.Add(cluster);
        _map.SetL1Locked(offset, (ulong)place | L2Entry.Copied);
        if (old != 0)
            _frees.Unlink(old >> _clusterBits);
        _changed = true;
        return DiskStatus.Ok;
    }

    /// <summary>Finds a place for guest data: free clusters of the image, or the guest's own offset in a data file.</summary>
    private DiskStatus AllocateDataLocked(long offset, int wanted, out long first, out int got, out bool fresh)
    {
        if (!_layout.HasDataFile)
            return AllocateLocked(wanted, out first, out got, out fresh);
        first = offset >> _clusterBits;
        got = wanted;
        fresh = first << _clusterBits >= _dataEnd;
        _dataEnd = Math.Max(_dataEnd, (first + got) << _clusterBits);
        return DiskStatus.Ok;
    }

    private void ReleaseDataLocked(long first, int count)
    {
        if (!_layout.HasDataFile)
            ReleaseLocked(first, count);
    }

    private DiskStatus AllocateLocked(int wanted, out long first, out int got, out bool fresh)
    {
        DiskStatus status = _refcounts.Allocate(wanted, out first, out got, out fresh);
        _changed = true;
        return status == DiskStatus.Corrupt ? RefuseLocked() : status;
    }

    /// <summary>Takes back what was allocated and never referred to.</summary>
    private void ReleaseLocked(long first, int count)
    {
        for (int i = 0; i < count; i++)
            if (_refcounts.Release(first + i, out _) != DiskStatus.Ok)
                return;
    }

    /// <summary>Puts the references of an entry that was replaced on their way out.</summary>
    private void Unlink(ulong entry)
    {
        if ((entry & L2Entry.CompressedBit) == 0)
        {
            if ((entry & L2Entry.OffsetMask) != 0 && !_layout.HasDataFile)
                _frees.Unlink((long)(entry & L2Entry.OffsetMask) >> _clusterBits);
            return;
        }

        long start = L2Entry.CompressedRange(entry, _clusterBits, out int length);
        for (long cluster = start >> _clusterBits; cluster <= (start + length - 1) >> _clusterBits; cluster++)
            _frees.Unlink(cluster);
    }

    /// <summary>Answers a write to an image that contradicts itself, and notes in its header that nobody should write to it.</summary>
    private DiskStatus RefuseLocked()
    {
        _corrupt = true;
        _map.FoundCorrupt = true;
        if (_corruptMarked || _header.Version < 3)
            return DiskStatus.Corrupt;
        _corruptMarked = true;
        if (WriteIncompatible(_incompatible | IncompatibleFeatures.Corrupt) == DiskStatus.Ok)
            _store.Flush();
        return DiskStatus.Corrupt;
    }
}
