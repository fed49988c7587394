namespace Fabric.Disk.Operations;

/// <summary>A part of a disk as a disk of its own, for reading. The disk stays the caller's; past its end there are zeroes.</summary>
/// <param name="whole">The disk.</param>
/// <param name="start">First byte of the part.</param>
/// <param name="length">Length of the part in bytes.</param>
public sealed class DiskPart(IDisk whole, long start, long length) : IDisk
{
    /// <inheritdoc/>
    public long Length => length;

    /// <inheritdoc/>
    public int LogicalBlockSize => 512;

    /// <inheritdoc/>
    public bool IsReadOnly => true;

    /// <inheritdoc/>
    public int DiscardGranularity => 0;

    /// <inheritdoc/>
    public DiskStatus Read(long offset, Span<byte> destination, DiskFlags flags = DiskFlags.None)
    {
        if (offset < 0 || destination.Length > length - offset)
            return DiskStatus.OutOfRange;
        int inside = (int)Math.Clamp(whole.Length - start - offset, 0, destination.Length);
        destination[inside..].Clear();
        return inside == 0 ? DiskStatus.Ok : whole.Read(start + offset, destination[..inside], flags);
    }

    /// <inheritdoc/>
    public DiskStatus GetExtent(long offset, long maxLength, out DiskExtent extent)
    {
        extent = default;
        if (offset < 0 || offset >= length || maxLength < 1)
            return DiskStatus.OutOfRange;
        maxLength = Math.Min(maxLength, length - offset);
        long left = whole.Length - start - offset;
        if (left > 0)
            return whole.GetExtent(start + offset, Math.Min(maxLength, left), out extent);
        extent = new DiskExtent(maxLength, Allocated: false, Zero: true, -1);
        return DiskStatus.Ok;
    }

    /// <inheritdoc/>
    public DiskStatus Write(long offset, ReadOnlySpan<byte> source, DiskFlags flags = DiskFlags.None) => DiskStatus.ReadOnly;

    /// <inheritdoc/>
    public DiskStatus WriteZeroes(long offset, long length, DiskFlags flags = DiskFlags.None) => DiskStatus.ReadOnly;

    /// <inheritdoc/>
    public DiskStatus Discard(long offset, long length) => DiskStatus.ReadOnly;

    /// <inheritdoc/>
    public DiskStatus Flush() => DiskStatus.Ok;

    /// <inheritdoc/>
    public void Dispose()
    {
    }
}
