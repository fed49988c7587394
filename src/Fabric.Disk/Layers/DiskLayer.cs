namespace Fabric.Disk.Layers;

/// <summary>A disk around a disk that changes one thing and passes everything else on.</summary>
/// <remarks>
/// <para>Layers stack in any order, but one order makes sense for a guest: throttle, gate (<see cref="PivotDisk"/>), cache, copy on read,
/// pool, pivot, image. What delays stands outside of what must be held still for a snapshot, and what decides about host space
/// stands right above the image.</para>
/// <para>A layer owns the disk below it: disposing the layer disposes that too. Threads and requests as for <see cref="IDisk"/>.</para>
/// </remarks>
public abstract class DiskLayer : IDisk
{
    /// <summary>A layer around a disk.</summary>
    /// <param name="below">The disk; belongs to the layer from now on.</param>
    protected DiskLayer(IDisk below)
    {
        ArgumentNullException.ThrowIfNull(below);
        Below = below;
    }

    /// <inheritdoc/>
    public virtual long Length => Below.Length;

    /// <inheritdoc/>
    public virtual int LogicalBlockSize => Below.LogicalBlockSize;

    /// <inheritdoc/>
    public virtual bool IsReadOnly => Below.IsReadOnly;

    /// <inheritdoc/>
    public virtual int DiscardGranularity => Below.DiscardGranularity;

    /// <summary>The disk below.</summary>
    protected IDisk Below { get; }

    /// <inheritdoc/>
    public virtual DiskStatus Read(long offset, Span<byte> destination, DiskFlags flags = DiskFlags.None) => Below.Read(offset, destination, flags);

    /// <inheritdoc/>
    public virtual DiskStatus Write(long offset, ReadOnlySpan<byte> source, DiskFlags flags = DiskFlags.None) => Below.Write(offset, source, flags);

    /// <inheritdoc/>
    public virtual DiskStatus WriteZeroes(long offset, long length, DiskFlags flags = DiskFlags.None) => Below.WriteZeroes(offset, length, flags);

    /// <inheritdoc/>
    public virtual DiskStatus Discard(long offset, long length) => Below.Discard(offset, length);

    /// <inheritdoc/>
    public virtual DiskStatus Flush() => Below.Flush();

    /// <inheritdoc/>
    public virtual DiskStatus GetExtent(long offset, long maxLength, out DiskExtent extent) => Below.GetExtent(offset, maxLength, out extent);

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Gives up what the layer holds, then the disk below.</summary>
    /// <param name="disposing">Always true: layers have no finalizer.</param>
    protected virtual void Dispose(bool disposing) => Below.Dispose();

    /// <summary>True when a range lies inside the disk.</summary>
    protected bool Fits(long offset, long length) => offset >= 0 && length >= 0 && offset <= Length - length;
}
