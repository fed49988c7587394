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
        DiskStatus status = Reserve(offset, source.Length, flags, out long reserved);
        if (status != DiskStatus.Ok)
            return status;
        status = Below.Write(offset, source, flags);
        pool.Settle(reserved);
        return status;
    }

    /// <inheritdoc/>
    public override DiskStatus WriteZeroes(long offset, long length, DiskFlags flags = DiskFlags.None)
    {
        // Zeroing marks whole clusters in a table; only the two at the edges may need to be allocated.
        long edges = (flags & DiskFlags.MayUnmap) != 0 ? Math.Min(length, 2 * Cluster) : length;
        DiskStatus status = Reserve(offset, edges, flags, out long reserved);
        if (status != DiskStatus.Ok)
            return status;
        status = Below.WriteZeroes(offset, length, flags);
        pool.Settle(reserved);
        return status;
    }

    private long Cluster => Math.Max(DiscardGranularity, LeastCluster);

    private DiskStatus Reserve(long offset, long length, DiskFlags flags, out long reserved)
    {
        reserved = 0;
        if (!Fits(offset, length))
            return DiskStatus.OutOfRange;
        long tables = Math.Min(TableClusters * Cluster, MostForTables);
        reserved = ClustersIn(offset, length) + tables;
        if (pool.TryReserve(reserved))
            return DiskStatus.Ok;
        if ((flags & DiskFlags.NoWait) != 0)
            return DiskStatus.WouldBlock;
        DiskStatus status = Missing(offset, length, out long missing);
        reserved = missing == 0 ? 0 : missing + tables;
        if (status != DiskStatus.Ok || missing == 0)
            return status;
        return pool.TryReserveMeasured(reserved) ? DiskStatus.Ok : DiskStatus.NoSpace;
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
