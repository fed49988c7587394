namespace Fabric.Disk.Qcow2;

/// <summary>How an image's compressed clusters are packed. Any number of threads may call at once.</summary>
internal abstract class ClusterCodec : IDisposable
{
    /// <summary>Packs bytes.</summary>
    /// <param name="source">A cluster.</param>
    /// <param name="destination">Room; what does not fit is not worth it.</param>
    /// <returns>Bytes used, or 0 when they do not fit.</returns>
    public abstract int Compress(ReadOnlySpan<byte> source, Span<byte> destination);

    /// <summary>Unpacks exactly one cluster.</summary>
    /// <param name="source">Packed bytes, with anything behind them up to the end of the last sector. Hostile.</param>
    /// <param name="destination">Filled completely on success.</param>
    /// <returns>False when the data is damaged or ends early.</returns>
    public abstract bool TryDecompress(ReadOnlySpan<byte> source, Span<byte> destination);

    /// <summary>The codec of an image.</summary>
    /// <param name="path">The image, for the message.</param>
    /// <param name="header">Its header.</param>
    /// <exception cref="DiskException">The system's library is missing.</exception>
    public static ClusterCodec For(string path, Qcow2Header header) =>
        header.CompressionType == Qcow2Header.ZstdCompression ? new ZstdCodec(path) : new DeflateCodec(path);

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Frees what is kept between calls.</summary>
    protected virtual void Dispose(bool disposing)
    {
    }
}
