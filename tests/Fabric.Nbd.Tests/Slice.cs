using Fabric.Disk;

namespace Fabric.Nbd.Tests;

/// <summary>A part of a disk, so that several threads can each have their own.</summary>
internal sealed class Slice(IDisk disk, long start, long length) : IDisk
{
    public long Length => length;

    public int LogicalBlockSize => disk.LogicalBlockSize;

    public bool IsReadOnly => disk.IsReadOnly;

    public int DiscardGranularity => disk.DiscardGranularity;

    public DiskStatus Read(long offset, Span<byte> destination, DiskFlags flags = DiskFlags.None) => disk.Read(start + offset, destination, flags);

    public DiskStatus Write(long offset, ReadOnlySpan<byte> source, DiskFlags flags = DiskFlags.None) => disk.Write(start + offset, source, flags);

    public DiskStatus WriteZeroes(long offset, long count, DiskFlags flags = DiskFlags.None) => disk.WriteZeroes(start + offset, count, flags);

    public DiskStatus Discard(long offset, long count) => disk.Discard(start + offset, count);

    public DiskStatus Flush() => disk.Flush();

    public DiskStatus GetExtent(long offset, long maxLength, out DiskExtent extent) => disk.GetExtent(start + offset, maxLength, out extent);

    public void Dispose()
    {
        // The disk is its owner's.
    }
}
