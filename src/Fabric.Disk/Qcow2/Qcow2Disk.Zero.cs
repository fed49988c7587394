namespace Fabric.Disk.Qcow2;

/// <content>Writing zeroes and discarding.</content>
internal sealed partial class Qcow2Disk
{
    private static readonly byte[] ZeroBytes = new byte[1 << 16];

    private enum Clearing
    {
        /// <summary>Zeroes; host clusters are kept.</summary>
        Keep,

        /// <summary>Zeroes; host clusters are given back.</summary>
        Unmap,

        /// <summary>Old content or zeroes; host clusters are given back where that costs nothing.</summary>
        Discard,
    }

    /// <inheritdoc/>
    public override DiskStatus WriteZeroes(long offset, long length, DiskFlags flags = DiskFlags.None)
    {
        if (IsReadOnly)
            return DiskStatus.ReadOnly;
        if (!Inside(offset, length))
            return DiskStatus.OutOfRange;
        if (_header.IsDataFileRaw)
            return ZeroRaw(offset, length, flags);
        Clearing how = (flags & DiskFlags.MayUnmap) != 0 ? Clearing.Unmap : Clearing.Keep;
        while (length > 0)
        {
            DiskStatus status = ZeroStep(offset, length, how, out long done);
            if (status != DiskStatus.Ok)
                return status;
            offset += done;
            length -= done;
        }

        return (flags & DiskFlags.ForceUnitAccess) != 0 ? Flush() : DiskStatus.Ok;
    }

    private DiskStatus ZeroStep(long offset, long length, Clearing how, out long done)
    {
        bool toEnd = offset + length == Length;
        int inCluster = (int)(offset & (_clusterSize - 1));
        int inUnit = (int)(offset & (_layout.Unit - 1));
        if (inCluster == 0 && (toEnd || length >= _clusterSize))
            return Clear(offset, toEnd ? length : length & -_clusterSize, how, out done);
        if (inUnit == 0 && (toEnd || length >= _layout.Unit))
        {
            done = Math.Min(toEnd ? length : length & -_layout.Unit, _clusterSize - inCluster);
            return ClearUnits(offset, (int)done);
        }

        done = Math.Min(length, _layout.Unit - inUnit);
        return ZeroPart(offset, (int)done);
    }

    /// <summary>Clears some units of a cluster by their bits; its host cluster stays.</summary>
    private DiskStatus ClearUnits(long offset, int length)
    {
        lock (_gate)
        {
            if ((_map.L1For(offset) & L2Entry.OffsetMask) == 0 && !ShowsBacking(offset))
                return DiskStatus.Ok;
            DiskStatus status = PrepareLocked(offset, out L2Slice? slice);
            if (slice is null)
                return status;
            int index = _map.IndexOf(offset);
            ulong entry = _map.Entry(slice, index);
            if ((entry & L2Entry.CompressedBit) == 0)
            {
                if (_layout.KindOf(entry, _map.Bitmap(slice, index), 0) == ClusterKind.Corrupt)
                    return RefuseLocked();
                int inside = (int)(offset & (_clusterSize - 1));
                ulong units = _layout.UnitsOf(inside, inside + length);
                _map.SetLocked(slice, index, entry, (_map.Bitmap(slice, index) & ~units) | (units << 32));
                _changed = true;
                return DiskStatus.Ok;
            }
        }

        return ZeroPart(offset, length);
    }

    private DiskStatus ZeroPart(long offset, int length)
    {
        int slot = _inFlight.Enter();
        bool zero = _map.TryMap(offset, length, out ClusterRun run) && run.Length == length && ReadsZero(run, offset);
        _inFlight.Leave(slot);
        while (!zero && length > 0)
        {
            int piece = Math.Min(length, ZeroBytes.Length);
            DiskStatus status = Write(offset, ZeroBytes.AsSpan(0, piece));
            if (status != DiskStatus.Ok)
                return status;
            offset += piece;
            length -= piece;
        }

        return DiskStatus.Ok;
    }

    /// <inheritdoc/>
    public override DiskStatus Discard(long offset, long length)
    {
        if (IsReadOnly)
            return DiskStatus.ReadOnly;
        if (!Inside(offset, length))
            return DiskStatus.OutOfRange;
        if (_header.IsDataFileRaw)
        {
            DiskStatus punched = length == 0 ? DiskStatus.Ok : _data.PunchHole(offset, length);
            return punched == DiskStatus.Unsupported ? DiskStatus.Ok : punched;
        }

        long end = offset + length;
        if (end != Length)
            end &= -_clusterSize;
        offset = (offset + _clusterSize - 1) & -_clusterSize;
        while (offset < end)
        {
            DiskStatus status = Clear(offset, end - offset, Clearing.Discard, out long done);
            if (status != DiskStatus.Ok)
                return status;
            offset += done;
        }

        return DiskStatus.Ok;
    }

    /// <summary>Clears whole clusters, as many as one piece of an L2 table or one missing table covers.</summary>
    private DiskStatus Clear(long offset, long length, Clearing how, out long done)
    {
        lock (_gate)
        {
            if ((_map.L1For(offset) & L2Entry.OffsetMask) == 0)
            {
                long covered = (1L << _map.TableBits) - (offset & ((1L << _map.TableBits) - 1));
                done = Math.Min(covered, length);
                if (how == Clearing.Discard || (!ShowsBacking(offset) && !Marks(how)))
                    return DiskStatus.Ok;
            }

            long inPiece = (1L << _map.SliceBits) - (offset & ((1L << _map.SliceBits) - 1));
            done = Math.Min(inPiece, length);
            DiskStatus status = PrepareLocked(offset, out L2Slice? slice);
            if (slice is null)
                return status;
            int index = _map.IndexOf(offset);
            int count = (int)((done + _clusterSize - 1) >> _clusterBits);
            for (int i = 0; i < count && status == DiskStatus.Ok; i++)
                status = ClearCluster(slice, index + i, how);
            _changed = true;
            return status == DiskStatus.Ok ? SettleLocked() : status;
        }
    }

    private DiskStatus ClearCluster(L2Slice slice, int index, Clearing how)
    {
        ulong entry = _map.Entry(slice, index);
        ulong bitmap = _map.Bitmap(slice, index);
        ClusterKind kind = _layout.KindOf(entry, bitmap, 0);
        if (kind == ClusterKind.Corrupt)
            return RefuseLocked();
        bool holds = kind == ClusterKind.Compressed || _layout.HasHost(entry);
        if (!holds && (how == Clearing.Discard || !(MustHide || Marks(how)) || IsAllZero(kind, bitmap)))
            return DiskStatus.Ok;
        if (!_layout.KnowsZeroes && (MustHide || how == Clearing.Keep))
            return ClearOld(slice, index, how);
        if (how == Clearing.Keep && L2Layout.OwnsHost(entry))
        {
            if (!IsAllZero(kind, bitmap))
                _map.SetLocked(slice, index, _layout.IsExtended ? entry : entry | L2Entry.ZeroBit, L2Layout.AllZeroes);
            return DiskStatus.Ok;
        }

        if (_layout.HasDataFile && _layout.HasHost(entry))
            _data.PunchHole((long)(entry & L2Entry.OffsetMask), _clusterSize);
        bool marked = MustHide || Marks(how);
        _map.SetLocked(slice, index, marked && !_layout.IsExtended ? L2Entry.ZeroBit : 0, marked ? L2Layout.AllZeroes : 0);
        Unlink(entry);
        return DiskStatus.Ok;
    }

    private bool IsAllZero(ClusterKind kind, ulong bitmap) =>
        _layout.IsExtended ? bitmap == L2Layout.AllZeroes : kind is ClusterKind.Zero or ClusterKind.ZeroAllocated;

    /// <summary>A cluster that is given up must say that it reads as zeroes, or a disk below would show.</summary>
    private bool MustHide => _backing is not null || _header.BackingName is not null;

    /// <summary>Zeroes that may not be unmapped are this image's own from now on: they stay when a disk is put below it.</summary>
    private bool Marks(Clearing how) => how == Clearing.Keep && _layout.KnowsZeroes;

    /// <summary>A data file that stays valid as a raw image shows zeroes itself; the mapping need not say so.</summary>
    private DiskStatus ZeroRaw(long offset, long length, DiskFlags flags)
    {
        DiskStatus status = length == 0 ? DiskStatus.Ok : _data.WriteZeroes(offset, length, (flags & DiskFlags.MayUnmap) != 0);
        return status == DiskStatus.Ok && (flags & DiskFlags.ForceUnitAccess) != 0 ? Flush() : status;
    }

    /// <summary>Version 2 has no zero clusters: zeroes that must hide a backing disk are written out.</summary>
    private DiskStatus ClearOld(L2Slice slice, int index, Clearing how)
    {
        if (how == Clearing.Discard)
            return DiskStatus.Ok;
        ulong entry = _map.Entry(slice, index);
        if (_layout.KindOf(entry, 0, 0) == ClusterKind.Owned)
            return _store.WriteZeroes((long)(entry & L2Entry.OffsetMask), _clusterSize, mayUnmap: false);
        DiskStatus status = AllocateLocked(1, out long cluster, out _, out bool fresh);
        if (status != DiskStatus.Ok)
            return status;
        status = _store.WriteZeroes(cluster << _clusterBits, _clusterSize, mayUnmap: fresh);
        if (status != DiskStatus.Ok)
        {
            ReleaseLocked(cluster, 1);
            return status;
        }

        _map.SetLocked(slice, index, (ulong)(cluster << _clusterBits) | L2Entry.Copied, 0);
        Unlink(entry);
        return DiskStatus.Ok;
    }
}
