using Fabric.Disk;

namespace Fabric.Daemon.Composition;

/// <summary>Stands in for a disk whose files could not be opened again: every request fails, so that the guest sees a dead disk rather than
/// old data.</summary>
/// <param name="length">Virtual size in bytes.</param>
internal sealed class BrokenDisk(long length) : IDisk
{
    public long Length => length;

    public int LogicalBlockSize => 512;

    public bool IsReadOnly => false;

    public int DiscardGranularity => 0;

    public DiskStatus Read(long offset, Span<byte> destination, DiskFlags flags) => DiskStatus.IoError;

    public DiskStatus Write(long offset, ReadOnlySpan<byte> source, DiskFlags flags) => DiskStatus.IoError;

    public DiskStatus WriteZeroes(long offset, long length, DiskFlags flags) => DiskStatus.IoError;

    public DiskStatus Discard(long offset, long length) => DiskStatus.IoError;

    public DiskStatus Flush() => DiskStatus.IoError;

    public DiskStatus GetExtent(long offset, long maxLength, out DiskExtent extent)
    {
        extent = default;
        return DiskStatus.IoError;
    }

    public void Dispose()
    {
    }
}
