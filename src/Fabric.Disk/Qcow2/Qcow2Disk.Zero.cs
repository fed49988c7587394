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
        Clearing how = (flags & DiskFlags.MayUnmap) != 0 ? Clearing.Unmap : Clearing.Keep;
        while (length > 0)
        {
            int inside = (int)(offset & (_clusterSize - 1));
            long whole = offset + length == Length ? length : length & -_clusterSize;
            long done = Math.Min(length, _clusterSize - inside);
            DiskStatus status = inside == 0 && whole > 0 ? Clear(offset, whole, how, out done) : ZeroPart(offset, (int)done);
            if (status != DiskStatus.Ok)
                return status;
            offset += done;
            length -= done;
        }

        return (flags & DiskFlags.ForceUnitAccess) != 0 ? Flush() : DiskStatus.Ok;
    }

    private DiskStatus ZeroPart(long offset, int length)
    {
        int slot = _inFlight.Enter();
        bool zero = _map.TryMap(offset, length, out ClusterRun run)
            && (run.Kind is ClusterKind.Zero or ClusterKind.ZeroAllocated || (run.Kind == ClusterKind.Unallocated && !ShowsBacking(offset)));
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
                if (how == Clearing.Discard || !ShowsBacking(offset))
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
        ulong entry = ClusterMap.Entry(slice, index);
        ClusterKind kind = L2Entry.KindOf(entry, _clusterBits, _header.Version);
        bool mustHide = _backing is not null;
        if (kind == ClusterKind.Corrupt)
            return RefuseLocked();
        if (kind == ClusterKind.Zero || (kind == ClusterKind.ZeroAllocated && how == Clearing.Keep))
            return DiskStatus.Ok;
        if (kind == ClusterKind.Unallocated && (how == Clearing.Discard || !mustHide))
            return DiskStatus.Ok;
        if (_header.Version < 3 && (mustHide || how == Clearing.Keep))
            return ClearOld(slice, index, how);
        if (how == Clearing.Keep && kind == ClusterKind.Owned)
        {
            _map.SetLocked(slice, index, entry | L2Entry.ZeroBit);
            return DiskStatus.Ok;
        }

        _map.SetLocked(slice, index, mustHide ? L2Entry.ZeroBit : 0);
        Unlink(entry);
        return DiskStatus.Ok;
    }

    /// <summary>Version 2 has no zero clusters: zeroes that must hide a backing disk are written out.</summary>
    private DiskStatus ClearOld(L2Slice slice, int index, Clearing how)
    {
        if (how == Clearing.Discard)
            return DiskStatus.Ok;
        ulong entry = ClusterMap.Entry(slice, index);
        if (L2Entry.KindOf(entry, _clusterBits, _header.Version) == ClusterKind.Owned)
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

        _map.SetLocked(slice, index, (ulong)(cluster << _clusterBits) | L2Entry.Copied);
        Unlink(entry);
        return DiskStatus.Ok;
    }
}
