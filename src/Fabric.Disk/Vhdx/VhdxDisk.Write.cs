namespace Fabric.Disk.Vhdx;

/// <content>Writing: in place without the lock, or into new blocks and sectors under it.</content>
internal sealed partial class VhdxDisk
{
    /// <inheritdoc/>
    public override DiskStatus Write(long offset, ReadOnlySpan<byte> source, DiskFlags flags = DiskFlags.None)
    {
        if (IsReadOnly)
            return DiskStatus.ReadOnly;
        if (!Inside(offset, source.Length))
            return DiskStatus.OutOfRange;
        DiskStatus status = Begin();
        while (status == DiskStatus.Ok && !source.IsEmpty)
        {
            status = WriteInPlace(offset, source, out int done);
            if (status == DiskStatus.Ok && done == 0)
                lock (_gate)
                    status = WriteLocked(offset, source, out done);
            source = source[done..];
            offset += done;
        }

        return status == DiskStatus.Ok && (flags & DiskFlags.ForceUnitAccess) != 0 ? Flush() : status;
    }

    private DiskStatus WriteInPlace(long offset, ReadOnlySpan<byte> source, out int done)
    {
        int slot = _inFlight.Enter();
        try
        {
            done = 0;
            if (!_table.TryGet(_image.IndexOf(offset >> _blockBits), out ulong entry) || !BatEntry.IsPresent(entry))
                return DiskStatus.Ok;
            int inside = (int)(offset & (_blockSize - 1));
            int length = Math.Min(source.Length, _blockSize - inside);
            if (BatEntry.State(entry) == BlockState.Partial && (!_bitmaps.TryRun(offset, length, out bool present, out length) || !present))
                return DiskStatus.Ok;
            done = length;
            return _store.Write((long)BatEntry.Offset(entry) + inside, source[..done]);
        }
        finally
        {
            _inFlight.Leave(slot);
        }
    }

    /// <summary>Writes as much as lies in one block, or in a run of equal sectors of it.</summary>
    private DiskStatus WriteLocked(long offset, ReadOnlySpan<byte> source, out int done)
    {
        done = 0;
        DiskStatus status = LoadLocked(offset, noWait: false);
        if (status != DiskStatus.Ok)
            return status;
        long block = offset >> _blockBits;
        _table.TryGet(_image.IndexOf(block), out ulong entry);
        int inside = (int)(offset & (_blockSize - 1));
        source = source[..Math.Min(source.Length, _blockSize - inside)];
        switch (BatEntry.State(entry))
        {
            case BlockState.Present:
                done = source.Length;
                return _store.Write((long)BatEntry.Offset(entry) + inside, source);
            case BlockState.NotPresent when _image.Metadata.HasParent && source.Length < _image.BytesOf(block):
                status = BeginPartialLocked(block);
                return status == DiskStatus.Ok ? WriteSectorsLocked(offset, source, out done) : status;
            case BlockState.Partial:
                return WriteSectorsLocked(offset, source, out done);
            case BlockState.Bad:
                return Damaged(offset);
            default:
                done = source.Length;
                return WriteNewLocked(block, inside, source);
        }
    }

    /// <summary>Writes into a new block that reads as zeroes elsewhere.</summary>
    private DiskStatus WriteNewLocked(long block, int inside, ReadOnlySpan<byte> source)
    {
        DiskStatus status = AllocateLocked(_blockSize >> VhdxFacts.UnitBits, out long host, out bool zero);
        if (status != DiskStatus.Ok)
            return status;
        if (!zero && source.Length < _blockSize)
            status = _store.WriteZeroes(host, _blockSize, mayUnmap: true);
        if (status == DiskStatus.Ok)
            status = _store.Write(host + inside, source);
        if (status != DiskStatus.Ok)
        {
            _space.Release(host >> VhdxFacts.UnitBits, _blockSize >> VhdxFacts.UnitBits);
            return status;
        }

        SetEntryLocked(block, BatEntry.Make(BlockState.Present, host));
        return SettleLocked();
    }

    /// <summary>Takes space that nothing names.</summary>
    /// <param name="units">In units of 1 MiB.</param>
    /// <param name="host">Its place in the file.</param>
    /// <param name="zero">It reads as zeroes.</param>
    private DiskStatus AllocateLocked(int units, out long host, out bool zero)
    {
        long first = _space.TryAllocate(units);
        if (first < 0)
            first = _space.Append(units);
        host = first << VhdxFacts.UnitBits;
        zero = host >= _fileEnd;
        long end = host + ((long)units << VhdxFacts.UnitBits);
        if (end <= _fileEnd)
            return DiskStatus.Ok;
        DiskStatus status = end > VhdxFacts.MaxFile ? DiskStatus.NoSpace : _store.SetLength(end);
        if (status == DiskStatus.Ok)
            _fileEnd = end;
        else
            _space.Release(first, units);
        return status;
    }

    private void SetEntryLocked(long block, ulong entry)
    {
        long index = _image.IndexOf(block);
        _table.TryGet(index, out ulong old);
        _table.SetLocked(index, entry);
        if ((BatEntry.IsPresent(old) || BatEntry.KeepsSpace(old)) && BatEntry.Offset(old) != BatEntry.Offset(entry))
            _frees.Unlink((long)(BatEntry.Offset(old) >> VhdxFacts.UnitBits), _blockSize >> VhdxFacts.UnitBits);
        _changed = true;
    }

    /// <summary>Gives a block that shows the parent a place of its own, with no sector in it yet.</summary>
    private DiskStatus BeginPartialLocked(long block)
    {
        DiskStatus status = NeedBitmapLocked(block >> _image.ChunkBits);
        if (status != DiskStatus.Ok)
            return status;
        // The bits may hold what they held when the block was partially present before, under other software.
        long start = block << _blockBits;
        status = _bitmaps.SetLocked(start, _blockSize, present: false);
        if (status != DiskStatus.Ok)
            return status;
        status = AllocateLocked(_blockSize >> VhdxFacts.UnitBits, out long host, out _);
        if (status == DiskStatus.Ok)
            SetEntryLocked(block, BatEntry.Make(BlockState.Partial, host));
        return status;
    }

    private DiskStatus NeedBitmapLocked(long chunk)
    {
        long index = _image.BitmapIndexOf(chunk);
        DiskStatus status = _table.LoadLocked(index, noWait: false);
        _table.TryGet(index, out ulong entry);
        if (status != DiskStatus.Ok || BatEntry.State(entry) == BlockState.Present)
            return status;
        status = AllocateLocked(1, out long host, out bool zero);
        if (status != DiskStatus.Ok)
            return status;
        if (!zero)
            status = _store.WriteZeroes(host, VhdxFacts.Unit, mayUnmap: true);
        if (status != DiskStatus.Ok)
        {
            _space.Release(host >> VhdxFacts.UnitBits, 1);
            return status;
        }

        _table.SetLocked(index, BatEntry.Make(BlockState.Present, host));
        _bitmaps.CreateLocked(chunk);
        _changed = true;
        return DiskStatus.Ok;
    }

    /// <summary>Writes a run of sectors of a partially present block that are all here or all not.</summary>
    private DiskStatus WriteSectorsLocked(long offset, ReadOnlySpan<byte> source, out int done)
    {
        done = 0;
        long block = offset >> _blockBits;
        _table.TryGet(_image.IndexOf(block), out ulong entry);
        DiskStatus status = _bitmaps.LoadLocked(offset, noWait: false);
        if (status != DiskStatus.Ok)
            return status == DiskStatus.Corrupt ? Damaged(offset) : status;
        _bitmaps.TryRun(offset, source.Length, out bool present, out int run);
        long host = (long)BatEntry.Offset(entry) + (offset & (_blockSize - 1));
        if (present)
        {
            done = run;
            return _store.Write(host, source[..run]);
        }

        int sectorSize = LogicalBlockSize;
        int inside = (int)(offset & (sectorSize - 1));
        if (inside != 0 || run < sectorSize)
        {
            done = Math.Min(run, sectorSize - inside);
            status = WriteEdgeLocked(offset, host, source[..done]);
        }
        else
        {
            done = run & -sectorSize;
            status = _store.Write(host, source[..done]);
        }

        if (status == DiskStatus.Ok)
            status = _bitmaps.SetLocked(offset - inside, done + inside, present: true);
        if (status != DiskStatus.Ok)
            return status;
        _changed = true;
        return CompleteLocked(block, entry, offset + done);
    }

    /// <summary>Writes a part of a sector that is not here yet: the rest of it comes from the parent.</summary>
    private DiskStatus WriteEdgeLocked(long offset, long host, ReadOnlySpan<byte> source)
    {
        int sectorSize = LogicalBlockSize;
        int inside = (int)(offset & (sectorSize - 1));
        if (_backing is null)
            return DiskStatus.Unsupported;
        Span<byte> sector = _sector.AsSpan(0, sectorSize);
        DiskStatus status = ReadBacking(offset - inside, sector, noWait: false);
        source.CopyTo(sector[inside..]);
        return status == DiskStatus.Ok ? _store.Write(host - inside, sector) : status;
    }

    /// <summary>A block whose last sector was just written may be here in full now.</summary>
    private DiskStatus CompleteLocked(long block, ulong entry, long end)
    {
        long start = block << _blockBits;
        long size = _image.BytesOf(block);
        if (end < start + size)
            return SettleLocked();
        for (long done = 0; done < size;)
        {
            DiskStatus status = _bitmaps.LoadLocked(start + done, noWait: false);
            if (status != DiskStatus.Ok)
                return status;
            _bitmaps.TryRun(start + done, (int)(size - done), out bool present, out int run);
            if (!present)
                return SettleLocked();
            done += run;
        }

        if (size == _blockSize)
            SetEntryLocked(block, BatEntry.Make(BlockState.Present, (long)BatEntry.Offset(entry)));
        return SettleLocked();
    }
}
