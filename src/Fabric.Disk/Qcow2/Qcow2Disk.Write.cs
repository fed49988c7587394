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
            return _store.Write(run.HostOffset, source[..done]);
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
        if (run.Kind == ClusterKind.Owned)
        {
            done = (int)run.Length;
            return _store.Write(run.HostOffset, source[..done]);
        }

        int index = _map.IndexOf(offset);
        ulong entry = ClusterMap.Entry(slice, index);
        if (run.Kind == ClusterKind.ZeroAllocated && (entry & L2Entry.Copied) != 0)
            return WriteKept(slice, offset, source, out done);
        int inside = (int)(offset & (_clusterSize - 1));
        int wanted = CountNew(slice, index, (inside + (long)source.Length + _clusterSize - 1) >> _clusterBits);
        status = AllocateLocked(wanted, out long first, out int got, out bool fresh);
        if (status != DiskStatus.Ok)
            return status;
        done = (int)Math.Min(source.Length, ((long)got << _clusterBits) - inside);
        status = Fill(slice, offset, first << _clusterBits, source[..done], fresh);
        if (status != DiskStatus.Ok)
        {
            ReleaseLocked(first, got);
            return status;
        }

        for (int i = 0; i < got; i++)
        {
            ulong old = ClusterMap.Entry(slice, index + i);
            _map.SetLocked(slice, index + i, (ulong)((first + i) << _clusterBits) | L2Entry.Copied);
            Unlink(old);
        }

        _changed = true;
        return SettleLocked();
    }

    /// <summary>How many neighbouring clusters need a new place, at most so many.</summary>
    private int CountNew(L2Slice slice, int index, long most)
    {
        int count = 1;
        while (count < most && index + count < _map.EntriesPerSlice)
        {
            ulong entry = ClusterMap.Entry(slice, index + count);
            ClusterKind kind = L2Entry.KindOf(entry, _clusterBits, _header.Version);
            if (kind is ClusterKind.Owned or ClusterKind.ZeroAllocated or ClusterKind.Corrupt)
                break;
            count++;
        }

        return count;
    }

    /// <summary>Writes into the host cluster that a zero cluster kept for this.</summary>
    private DiskStatus WriteKept(L2Slice slice, long offset, ReadOnlySpan<byte> source, out int done)
    {
        int index = _map.IndexOf(offset);
        ulong entry = ClusterMap.Entry(slice, index);
        int inside = (int)(offset & (_clusterSize - 1));
        done = Math.Min(source.Length, _clusterSize - inside);
        DiskStatus status = Fill(slice, offset, (long)(entry & L2Entry.OffsetMask), source[..done], fresh: false);
        if (status == DiskStatus.Ok)
        {
            _map.SetLocked(slice, index, entry & ~L2Entry.ZeroBit);
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
            status = FillPart(slice, offset, host, source[..head], fresh);
            source = source[head..];
            offset += head;
            host += _clusterSize;
        }

        int whole = source.Length & -_clusterSize;
        if (status == DiskStatus.Ok && whole > 0)
            status = _store.Write(host, source[..whole]);
        if (status == DiskStatus.Ok && source.Length > whole)
            status = FillPart(slice, offset + whole, host + whole, source[whole..], fresh);
        return status;
    }

    private DiskStatus FillPart(L2Slice slice, long offset, long host, ReadOnlySpan<byte> source, bool fresh)
    {
        int inside = (int)(offset & (_clusterSize - 1));
        long start = offset - inside;
        ClusterRun old = _map.RunAt(slice, start, _clusterSize);
        bool zero = old.Kind is ClusterKind.Zero or ClusterKind.ZeroAllocated || (old.Kind == ClusterKind.Unallocated && !ShowsBacking(start));
        if (zero && fresh)
            return _store.Write(host + inside, source);
        Span<byte> scratch = Scratch();
        DiskStatus status = DiskStatus.Ok;
        if (zero)
            scratch.Clear();
        else
            status = ReadRun(old, start, scratch, noWait: false);
        if (status != DiskStatus.Ok)
            return status;
        source.CopyTo(scratch[inside..]);
        return _store.Write(host, scratch);
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
        switch (L2Entry.KindOf(entry, _clusterBits, _header.Version))
        {
            case ClusterKind.Owned or ClusterKind.Shared or ClusterKind.ZeroAllocated:
                _frees.Unlink((long)(entry & L2Entry.OffsetMask) >> _clusterBits);
                break;
            case ClusterKind.Compressed:
                long start = L2Entry.CompressedRange(entry, _clusterBits, out int length);
                for (long cluster = start >> _clusterBits; cluster <= (start + length - 1) >> _clusterBits; cluster++)
                    _frees.Unlink(cluster);
                break;
        }
    }

    /// <summary>Answers a write to an image that contradicts itself, and notes in its header that nobody should write to it.</summary>
    private DiskStatus RefuseLocked()
    {
        _corrupt = true;
        _map.FoundCorrupt = true;
        if (_corruptMarked || _header.Version < 3)
            return DiskStatus.Corrupt;
        _corruptMarked = true;
        Span<byte> field = stackalloc byte[8];
        System.Buffers.Binary.BinaryPrimitives.WriteUInt64BigEndian(field, (ulong)(_header.Incompatible | IncompatibleFeatures.Corrupt));
        if (_store.Write(Qcow2Header.IncompatibleOffset, field) == DiskStatus.Ok)
            _store.Flush();
        return DiskStatus.Corrupt;
    }
}
