namespace Fabric.Disk.Layers;

/// <summary>Answers <see cref="DiskStatus.NoSpace"/> to what would take more room on the host than a <see cref="StoragePool"/> has left, before the image
/// is touched. What the image holds already stays writable.</summary>
/// <remarks>A write is taken to need each cluster that it touches and the image does not hold, and a few for the image's tables: a little
/// more than it does need. Discarding and reading pass freely.</remarks>
/// <param name="below">The image; belongs to the layer.</param>
/// <param name="pool">The pool it belongs to.</param>
public sealed class PoolDisk(IDisk below, StoragePool pool) : DiskLayer(below)
{
    // A write may need a new L2 table or bitmap, and tables that count it.
    private const int TableClusters = 4;
    private const long LeastCluster = 4096;
    private const long MostForTables = 1 << 20;

    /// <inheritdoc/>
    public override DiskStatus Write(long offset, ReadOnlySpan<byte> source, DiskFlags flags = DiskFlags.None)
    {
        DiskStatus status = Reserve(offset, source.Length, source.Length, flags, out long reserved);
        if (status != DiskStatus.Ok)
            return status;
        status = Below.Write(offset, source, flags);
        pool.Settle(reserved);
        return status;
    }

    /// <inheritdoc/>
    public override DiskStatus WriteZeroes(long offset, long length, DiskFlags flags = DiskFlags.None)
    {
        // Whole clusters that may be unmapped are only marked in a table: what lies before the first and behind the last takes room.
        long head = length;
        if ((flags & DiskFlags.MayUnmap) != 0 && length > 0 && Fits(offset, length))
            head = Math.Min(length, (Cluster - (offset % Cluster)) % Cluster);
        DiskStatus status = Reserve(offset, length, head, flags, out long reserved);
        if (status != DiskStatus.Ok)
            return status;
        status = Below.WriteZeroes(offset, length, flags);
        pool.Settle(reserved);
        return status;
    }

    private long Cluster => Math.Max(DiscardGranularity, LeastCluster);

    /// <param name="offset">First byte.</param>
    /// <param name="length">Length in bytes.</param>
    /// <param name="head">Bytes at the beginning that need clusters; when not all do, those in the last cluster do too.</param>
    /// <param name="flags">Those of the request.</param>
    /// <param name="reserved">To be settled.</param>
    private DiskStatus Reserve(long offset, long length, long head, DiskFlags flags, out long reserved)
    {
        reserved = 0;
        if (!Fits(offset, length))
            return DiskStatus.OutOfRange;
        long tail = head == length ? 0 : Math.Min(length - head, (offset + length) % Cluster);
        long tables = Math.Min(TableClusters * Cluster, MostForTables);
        long most = ClustersIn(offset, head) + ClustersIn(offset + length - tail, tail) + tables;
        if (pool.TryReserve(most))
        {
            reserved = most;
            return DiskStatus.Ok;
        }

        if ((flags & DiskFlags.NoWait) != 0)
            return DiskStatus.WouldBlock;
        DiskStatus status = Missing(offset, head, out long first);
        long last = 0;
        if (status == DiskStatus.Ok)
            status = Missing(offset + length - tail, tail, out last);
        if (status != DiskStatus.Ok || first + last == 0)
            return status;
        if (!pool.TryReserveMeasured(first + last + tables))
            return DiskStatus.NoSpace;
        reserved = first + last + tables;
        return DiskStatus.Ok;
    }

    private long ClustersIn(long offset, long length) => length == 0 ? 0 : ((offset + length - 1) / Cluster - (offset / Cluster) + 1) * Cluster;

    /// <summary>Clusters in a range, in bytes, that the image does not hold.</summary>
    private DiskStatus Missing(long offset, long length, out long missing)
    {
        missing = 0;
        for (long at = offset; at < offset + length;)
        {
            DiskStatus status = Below.GetExtent(at, offset + length - at, out DiskExtent extent);
            if (status != DiskStatus.Ok)
                return status;
            if (!extent.Allocated || extent.Zero)
                missing += ClustersIn(at, extent.Length);
            at += extent.Length;
        }

        return DiskStatus.Ok;
    }
}
