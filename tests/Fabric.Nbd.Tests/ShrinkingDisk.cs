using Fabric.Disk;

namespace Fabric.Nbd.Tests;

/// <summary>A raw image that somebody else cuts off at the worst moment: right after a range was lent.</summary>
internal sealed class ShrinkingDisk(ImageDisk disk, long shorter, int atLoan) : ILendingDisk
{
    private int _loans;

    public long Length => disk.Length;

    public int LogicalBlockSize => disk.LogicalBlockSize;

    public bool IsReadOnly => disk.IsReadOnly;

    public int DiscardGranularity => disk.DiscardGranularity;

    public bool TryLend(long offset, int length, out DiskLoan loan)
    {
        bool lent = ((ILendingDisk)disk).TryLend(offset, length, out loan);
        if (++_loans == atLoan)
        {
            using FileStream file = new(disk.Path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
            file.SetLength(shorter);
        }

        return lent;
    }

    public void TakeBack(in DiskLoan loan) => ((ILendingDisk)disk).TakeBack(loan);

    public DiskStatus Read(long offset, Span<byte> destination, DiskFlags flags = DiskFlags.None) => disk.Read(offset, destination, flags);

    public DiskStatus Write(long offset, ReadOnlySpan<byte> source, DiskFlags flags = DiskFlags.None) => disk.Write(offset, source, flags);

    public DiskStatus WriteZeroes(long offset, long length, DiskFlags flags = DiskFlags.None) => disk.WriteZeroes(offset, length, flags);

    public DiskStatus Discard(long offset, long length) => disk.Discard(offset, length);

    public DiskStatus Flush() => disk.Flush();

    public DiskStatus GetExtent(long offset, long maxLength, out DiskExtent extent) => disk.GetExtent(offset, maxLength, out extent);

    public void Dispose() => disk.Dispose();
}
