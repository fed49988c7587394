namespace Fabric.Disk.Vhd;

/// <content>Writing: in place without the lock, or into new blocks and sectors under it.</content>
internal sealed partial class DynamicVhdDisk
{
    /// <summary>Bytes in blocks whose entries may wait for the guest's next flush before one is made for them.</summary>
    private const long MaxUnlinkedBytes = 64 << 20;

    private static readonly byte[] ZeroBytes = new byte[1 << 16];
    private ulong[] _filled = [];
    private long _unlinked;

    /// <inheritdoc/>
    public override DiskStatus Write(long offset, ReadOnlySpan<byte> source, DiskFlags flags = DiskFlags.None)
    {
        if (IsReadOnly)
            return DiskStatus.ReadOnly;
        if (!Inside(offset, source.Length))
            return DiskStatus.OutOfRange;
        while (!source.IsEmpty)
        {
            int inside = (int)(offset & (_blockSize - 1));
            int piece = Math.Min(source.Length, _blockSize - inside);
            DiskStatus status = WritePiece((int)(offset / _blockSize), offset, source[..piece], out int done);
            if (status != DiskStatus.Ok)
                return status;
            source = source[done..];
            offset += done;
        }

        return (flags & DiskFlags.ForceUnitAccess) != 0 ? Flush() : DiskStatus.Ok;
    }

    private DiskStatus WritePiece(int block, long offset, ReadOnlySpan<byte> source, out int done)
    {
        done = source.Length;
        int inside = (int)(offset & (_blockSize - 1));
        uint entry = _table.Entry(block);
        if (!_differencing)
        {
            DiskStatus status = IsFilled(block) ? DiskStatus.Ok : PrepareBlock(block, out entry);
            return status == DiskStatus.Ok ? _store.Write(DataOf(entry) + inside, source) : status;
        }

        if (entry != Unused && _bitmaps.Get(block, _gate, noWait: false, out SectorBitmap? bitmap) == DiskStatus.Ok && bitmap!.Run(inside, done, out int run))
        {
            done = run;
            return _store.Write(DataOf(entry) + inside, source[..run]);
        }

        lock (_gate)
            return WriteNewLocked(block, offset, source, out done);
    }

    /// <summary>Writes to sectors of a differencing disk that it does not hold yet: whole ones, or one completed from the parent.</summary>
    private DiskStatus WriteNewLocked(int block, long offset, ReadOnlySpan<byte> source, out int done)
    {
        done = 0;
        DiskStatus status = ExpectBlockLocked(block, out uint entry);
        if (status != DiskStatus.Ok)
            return status;
        status = _bitmaps.GetLocked(block, noWait: false, out SectorBitmap? bitmap);
        if (bitmap is null)
            return status;
        int inside = (int)(offset & (_blockSize - 1));
        long host = DataOf(entry);
        if ((inside & 511) == 0 && source.Length >= 512)
        {
            done = source.Length & -512;
            status = _store.Write(host + inside, source[..done]);
            if (status == DiskStatus.Ok)
                Hold(bitmap, inside, done);
            return status;
        }

        int into = inside & 511;
        done = Math.Min(source.Length, 512 - into);
        if (bitmap.Run(inside, done, out _))
            return _store.Write(host + inside, source[..done]);
        Span<byte> sector = stackalloc byte[512];
        status = ReadParent(offset - into, sector, noWait: false);
        source[..done].CopyTo(sector[into..]);
        if (status == DiskStatus.Ok)
            status = _store.Write(host + inside - into, sector);
        if (status == DiskStatus.Ok)
            Hold(bitmap, inside - into, 512);
        return status;
    }

    private void Hold(SectorBitmap bitmap, int inside, int length)
    {
        bitmap.Set(inside >> 9, length >> 9);
        _changed = true;
    }

    /// <summary>Makes sure that a dynamic disk's block exists and that its bitmap says that all of it counts.</summary>
    private DiskStatus PrepareBlock(int block, out uint entry)
    {
        lock (_gate)
        {
            DiskStatus status = ExpectBlockLocked(block, out entry);
            if (status != DiskStatus.Ok || IsFilled(block))
                return status;
            status = FillBitmap(entry * 512L);
            if (status == DiskStatus.Ok)
                SetFilled(block);
            return status;
        }
    }

    private DiskStatus FillBitmap(long place)
    {
        Span<byte> bits = stackalloc byte[512];
        DiskStatus status = DiskStatus.Ok;
        for (int at = 0; at < _bitmapSize && status == DiskStatus.Ok; at += bits.Length)
        {
            status = _store.Read(place + at, bits);
            if (status != DiskStatus.Ok || bits.IndexOfAnyExcept((byte)0xff) < 0)
                continue;
            bits.Fill(0xff);
            status = _store.Write(place + at, bits);
        }

        return status;
    }

    private bool IsFilled(int block)
    {
        ulong[] filled = _filled;
        return (block >> 6) < filled.Length && (Volatile.Read(ref filled[block >> 6]) & (1UL << block)) != 0;
    }

    private void SetFilled(int block)
    {
        if (_filled.Length == 0)
            _filled = new ulong[(_table.Count + 63) >> 6];
        Interlocked.Or(ref _filled[block >> 6], 1UL << block);
    }

    /// <summary>Gives a block a place if it has none: zeroes, with no sector held in a differencing disk.</summary>
    private DiskStatus ExpectBlockLocked(int block, out uint entry)
    {
        entry = _table.Entry(block);
        if (entry != Unused)
            return DiskStatus.Ok;
        long free = _table.FreeOffset;
        long place = PlaceAfter(free);
        long end = place + _bitmapSize + _blockSize;
        if (place / 512 >= Outside)
            return DiskStatus.NoSpace;
        // The footer first: from here on the file may end behind the new block, and what ends a file must be a footer.
        long junk = _store.Length;
        DiskStatus status = _store.Write(end, _footer.Bytes);
        if (status == DiskStatus.Ok && junk > place + _bitmapSize)
            status = _store.WriteZeroes(place + _bitmapSize, Math.Min(junk, end) - place - _bitmapSize, mayUnmap: true);
        if (status == DiskStatus.Ok)
            status = _differencing ? _store.WriteZeroes(place, _bitmapSize, mayUnmap: false) : WriteOnes(place);
        if (status != DiskStatus.Ok)
            return status;
        _table.FreeOffset = end;
        entry = (uint)(place / 512);
        _table.SetLocked(block, entry);
        if (!_differencing)
            SetFilled(block);
        _changed = true;
        _unlinked += _blockSize;
        return _unlinked < MaxUnlinkedBytes ? DiskStatus.Ok : SettleLocked();
    }

    private DiskStatus WriteOnes(long place)
    {
        Span<byte> bits = stackalloc byte[512];
        bits.Fill(0xff);
        DiskStatus status = DiskStatus.Ok;
        for (int at = 0; at < _bitmapSize && status == DiskStatus.Ok; at += bits.Length)
            status = _store.Write(place + at, bits);
        return status;
    }

    /// <summary>Places the bitmap so that the data behind it begins at a page of the host, where blocks are large enough to be worth that.</summary>
    private long PlaceAfter(long free) => _blockSize < (1 << 16) ? free : ((free + _bitmapSize + 4095) & -4096L) - _bitmapSize;

    /// <summary>Brings everything to stable storage: first what was written, then what makes it part of the disk.</summary>
    private DiskStatus SettleLocked()
    {
        DiskStatus status = _store.Flush();
        if (status == DiskStatus.Ok)
            status = _bitmaps.WriteOutLocked();
        if (status == DiskStatus.Ok)
            status = _table.WriteOutLocked();
        if (status == DiskStatus.Ok)
            status = _store.Flush();
        if (status != DiskStatus.Ok)
            return status;
        _changed = false;
        _unlinked = 0;
        return DiskStatus.Ok;
    }

    /// <inheritdoc/>
    public override DiskStatus WriteZeroes(long offset, long length, DiskFlags flags = DiskFlags.None)
    {
        if (IsReadOnly)
            return DiskStatus.ReadOnly;
        if (!Inside(offset, length))
            return DiskStatus.OutOfRange;
        while (length > 0)
        {
            int inside = (int)(offset & (_blockSize - 1));
            int block = (int)(offset / _blockSize);
            long piece = Math.Min(length, _blockSize - inside);
            DiskStatus status = DiskStatus.Ok;
            if (_table.Entry(block) == Unused && !ShowsParent(offset - inside))
                piece = Math.Min(length, (_table.UnusedFrom(block) * (long)_blockSize) - inside);
            else
                status = ZeroPiece(block, offset, (int)piece, (flags & DiskFlags.MayUnmap) != 0);
            if (status != DiskStatus.Ok)
                return status;
            offset += piece;
            length -= piece;
        }

        return (flags & DiskFlags.ForceUnitAccess) != 0 ? Flush() : DiskStatus.Ok;
    }

    private DiskStatus ZeroPiece(int block, long offset, int length, bool mayUnmap)
    {
        int inside = (int)(offset & (_blockSize - 1));
        if (!_differencing)
        {
            DiskStatus prepared = PrepareBlock(block, out uint entry);
            return prepared == DiskStatus.Ok ? _store.WriteZeroes(DataOf(entry) + inside, length, mayUnmap) : prepared;
        }

        int head = Math.Min(length, -inside & 511);
        int whole = (length - head) & -512;
        DiskStatus status = Write(offset, ZeroBytes.AsSpan(0, head));
        if (status == DiskStatus.Ok && whole > 0)
            status = ZeroSectors(block, inside + head, whole, mayUnmap);
        return status == DiskStatus.Ok ? Write(offset + head + whole, ZeroBytes.AsSpan(0, length - head - whole)) : status;
    }

    private DiskStatus ZeroSectors(int block, int inside, int length, bool mayUnmap)
    {
        lock (_gate)
        {
            DiskStatus status = ExpectBlockLocked(block, out uint entry);
            if (status != DiskStatus.Ok)
                return status;
            status = _bitmaps.GetLocked(block, noWait: false, out SectorBitmap? bitmap);
            if (bitmap is null)
                return status;
            status = _store.WriteZeroes(DataOf(entry) + inside, length, mayUnmap);
            if (status == DiskStatus.Ok)
                Hold(bitmap, inside, length);
            return status;
        }
    }

    /// <inheritdoc/>
    public override DiskStatus Discard(long offset, long length)
    {
        if (IsReadOnly)
            return DiskStatus.ReadOnly;
        if (!Inside(offset, length))
            return DiskStatus.OutOfRange;
        while (length > 0)
        {
            DiskStatus status = GetExtent(offset, length, out DiskExtent extent);
            if (status == DiskStatus.Ok && extent.HostOffset >= 0)
                status = _store.PunchHole(extent.HostOffset, extent.Length);
            if (status == DiskStatus.Unsupported)
                return DiskStatus.Ok;
            if (status != DiskStatus.Ok)
                return status;
            offset += extent.Length;
            length -= extent.Length;
        }

        return DiskStatus.Ok;
    }
}
