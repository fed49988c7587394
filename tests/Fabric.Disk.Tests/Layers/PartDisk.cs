namespace Fabric.Disk.Tests.Layers;

/// <summary>A range of a disk, as a disk: each of several threads gets its own.</summary>
internal sealed class PartDisk(IDisk whole, long start, long length) : IDisk
{
    public long Length => length;

    public int LogicalBlockSize => whole.LogicalBlockSize;

    public bool IsReadOnly => false;

    public int DiscardGranularity => whole.DiscardGranularity;

    public DiskStatus Read(long offset, Span<byte> destination, DiskFlags flags) => whole.Read(start + offset, destination, flags);

    public DiskStatus Write(long offset, ReadOnlySpan<byte> source, DiskFlags flags) => whole.Write(start + offset, source, flags);

    public DiskStatus WriteZeroes(long offset, long count, DiskFlags flags) => whole.WriteZeroes(start + offset, count, flags);

    public DiskStatus Discard(long offset, long count) => whole.Discard(start + offset, count);

    public DiskStatus Flush() => whole.Flush();

    public DiskStatus GetExtent(long offset, long maxLength, out DiskExtent extent) => whole.GetExtent(start + offset, maxLength, out extent);

    public void Dispose()
    {
    }
}
