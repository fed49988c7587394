namespace Fabric.Disk.Qcow2;

/// <content>
/// Writing compressed clusters: packed one behind the other, byte by byte, over the ends of host clusters. A host cluster is counted once
/// for each compressed cluster that touches it.
/// </content>
internal sealed partial class Qcow2Disk
{
    /// <summary>Where the next compressed bytes may go, inside a cluster that has some; 0 when a new cluster must be begun.</summary>
    private long _packAt;

    /// <inheritdoc/>
    public override int CompressionUnit => IsReadOnly || _layout.HasDataFile ? 0 : _clusterSize;

    /// <inheritdoc/>
    public override int Compress(ReadOnlySpan<byte> source, Span<byte> destination)
    {
        Span<byte> room = destination[..Math.Min(destination.Length, _clusterSize - 1)];
        if (source.Length == _clusterSize)
            return _compressed.Codec.Compress(source, room);
        byte[] padded = new byte[_clusterSize];
        source.CopyTo(padded);
        return _compressed.Codec.Compress(padded, room);
    }

    /// <inheritdoc/>
    public override DiskStatus WriteCompressed(long offset, ReadOnlySpan<byte> compressed)
    {
        if (IsReadOnly)
            return DiskStatus.ReadOnly;
        if (CompressionUnit == 0)
            return DiskStatus.Unsupported;
        if (offset < 0 || offset >= Length || (offset & (_clusterSize - 1)) != 0 || compressed.IsEmpty || compressed.Length >= _clusterSize)
            return DiskStatus.OutOfRange;
        lock (_gate)
            return WriteCompressedLocked(offset, compressed);
    }

    private DiskStatus WriteCompressedLocked(long offset, ReadOnlySpan<byte> compressed)
    {
        DiskStatus status = PrepareLocked(offset, out L2Slice? slice);
        if (slice is null)
            return status;
        int index = _map.IndexOf(offset);
        ulong old = _map.Entry(slice, index);
        if ((old & L2Entry.CompressedBit) != 0 || _layout.HasHost(old))
            return DiskStatus.Unsupported;
        status = AllocatePackedLocked(compressed.Length, out long place);
        if (status != DiskStatus.Ok)
            return status;
        status = _store.Write(place, compressed);
        if (status != DiskStatus.Ok)
        {
            ReleaseLocked(place >> _clusterBits, (int)(((place + compressed.Length - 1) >> _clusterBits) - (place >> _clusterBits)) + 1);
            _packAt = 0;
            return status;
        }

        _map.SetLocked(slice, index, L2Entry.CompressedAt(place, compressed.Length, _clusterBits), 0);
        return SettleLocked();
    }

    /// <summary>Counts room for compressed bytes: behind the last ones if it can be, in a new cluster otherwise.</summary>
    private DiskStatus AllocatePackedLocked(int length, out long place)
    {
        place = _packAt;
        long open = place >> _clusterBits;
        int room = (int)(-place & (_clusterSize - 1));
        ulong count = 0;
        DiskStatus status = room == 0 ? DiskStatus.Ok : _refcounts.Get(open, out count);
        if (status != DiskStatus.Ok)
            return status;
        bool behind = room > 0 && count > 0 && count < RefcountWidth.Max(_header.RefcountOrder);
        if (!behind || room < length)
        {
            status = AllocateLocked(1, out long first, out _, out _);
            if (status != DiskStatus.Ok)
                return status;
            behind &= first == open + 1;
            if (!behind)
                place = first << _clusterBits;
        }

        if (behind)
            status = _refcounts.Set(open, count + 1);
        _packAt = place + length;
        _changed = true;
        return status;
    }
}
