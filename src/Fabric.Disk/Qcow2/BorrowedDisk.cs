namespace Fabric.Disk.Qcow2;

/// <summary>A disk that belongs to somebody else, for reading; closing this one leaves it open.</summary>
internal sealed class BorrowedDisk(IDisk owner) : IDisk
{
    /// <inheritdoc/>
    public long Length => owner.Length;

    /// <inheritdoc/>
    public int LogicalBlockSize => owner.LogicalBlockSize;

    /// <inheritdoc/>
    public bool IsReadOnly => true;

    /// <inheritdoc/>
    public int DiscardGranularity => 0;

    /// <inheritdoc/>
    public DiskStatus Read(long offset, Span<byte> destination, DiskFlags flags = DiskFlags.None) => owner.Read(offset, destination, flags);

    /// <inheritdoc/>
    public DiskStatus Write(long offset, ReadOnlySpan<byte> source, DiskFlags flags = DiskFlags.None) => DiskStatus.ReadOnly;

    /// <inheritdoc/>
    public DiskStatus WriteZeroes(long offset, long length, DiskFlags flags = DiskFlags.None) => DiskStatus.ReadOnly;

    /// <inheritdoc/>
    public DiskStatus Discard(long offset, long length) => DiskStatus.ReadOnly;

    /// <inheritdoc/>
    public DiskStatus Flush() => DiskStatus.Ok;

    /// <inheritdoc/>
    public DiskStatus GetExtent(long offset, long maxLength, out DiskExtent extent) => owner.GetExtent(offset, maxLength, out extent);

    /// <inheritdoc/>
    public void Dispose()
    {
    }
}
