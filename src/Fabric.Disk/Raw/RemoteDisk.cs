namespace Fabric.Disk.Raw;

/// <summary>What a protocol reaches, as an image: the disk's bytes as they are.</summary>
/// <param name="name">The name it was opened by.</param>
/// <param name="remote">The disk; belongs to this one from now on.</param>
internal sealed class RemoteDisk(string name, IDisk remote) : ImageDisk
{
    /// <inheritdoc/>
    public override string Path => name;

    /// <inheritdoc/>
    public override DiskFormat Format => DiskFormat.Raw;

    /// <inheritdoc/>
    public override long Length => remote.Length;

    /// <inheritdoc/>
    public override int LogicalBlockSize => remote.LogicalBlockSize;

    /// <inheritdoc/>
    public override bool IsReadOnly => remote.IsReadOnly;

    /// <inheritdoc/>
    public override int DiscardGranularity => remote.DiscardGranularity;

    /// <inheritdoc/>
    public override DiskStatus Read(long offset, Span<byte> destination, DiskFlags flags = DiskFlags.None) => remote.Read(offset, destination, flags);

    /// <inheritdoc/>
    public override DiskStatus Write(long offset, ReadOnlySpan<byte> source, DiskFlags flags = DiskFlags.None) => remote.Write(offset, source, flags);

    /// <inheritdoc/>
    public override DiskStatus WriteZeroes(long offset, long length, DiskFlags flags = DiskFlags.None) => remote.WriteZeroes(offset, length, flags);

    /// <inheritdoc/>
    public override DiskStatus Discard(long offset, long length) => remote.Discard(offset, length);

    /// <inheritdoc/>
    public override DiskStatus Flush() => remote.Flush();

    /// <inheritdoc/>
    public override DiskStatus GetExtent(long offset, long maxLength, out DiskExtent extent) => remote.GetExtent(offset, maxLength, out extent);

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
            remote.Dispose();
    }
}
