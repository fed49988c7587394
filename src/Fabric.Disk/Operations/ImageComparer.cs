namespace Fabric.Disk.Operations;

/// <summary>Compares what two disks hold.</summary>
public static class ImageComparer
{
    private const int PieceBytes = 2 << 20;
    private const int Sector = 512;

    /// <summary>Compares.</summary>
    /// <param name="first">One disk.</param>
    /// <param name="second">The other.</param>
    /// <param name="strict">Sizes and allocation must be the same, too.</param>
    /// <param name="progress">Told of the bytes dealt with, or null.</param>
    /// <param name="cancel">Stops soon.</param>
    /// <param name="offset">First byte of the first sector that differs.</param>
    /// <exception cref="DiskException">One of them cannot be read.</exception>
    public static Comparison Compare(IDisk first, IDisk second, bool strict, IProgress<DiskProgress>? progress, CancellationToken cancel, out long offset)
    {
        ArgumentNullException.ThrowIfNull(first);
        ArgumentNullException.ThrowIfNull(second);
        offset = 0;
        if (strict && first.Length != second.Length)
            return Comparison.SizeDiffers;
        long total = Math.Max(first.Length, second.Length);
        byte[] one = GC.AllocateUninitializedArray<byte>(PieceBytes);
        byte[] other = GC.AllocateUninitializedArray<byte>(PieceBytes);
        while (offset < total)
        {
            cancel.ThrowIfCancellationRequested();
            DiskExtent left = ExtentAt(first, offset, total);
            DiskExtent right = ExtentAt(second, offset, total);
            if (strict && (left.Zero != right.Zero || IsAllocated(first, offset) != IsAllocated(second, offset)))
                return Comparison.AllocationDiffers;
            long length = Math.Min(left.Length, right.Length);
            if (!left.Zero || !right.Zero)
            {
                length = Math.Min(length, PieceBytes - (offset % PieceBytes));
                Span<byte> a = Load(first, offset, left, one.AsSpan(0, (int)length));
                Span<byte> b = Load(second, offset, right, other.AsSpan(0, (int)length));
                int same = left.Zero ? Leading(b) : right.Zero ? Leading(a) : a.CommonPrefixLength(b);
                if (same < length)
                {
                    offset += same - (same % Sector);
                    return Comparison.ContentDiffers;
                }
            }

            offset += length;
            progress?.Report(new DiskProgress(offset, total));
        }

        return Comparison.Identical;
    }

    private static DiskExtent ExtentAt(IDisk disk, long offset, long total)
    {
        if (offset >= disk.Length)
            return new DiskExtent(total - offset, false, true, -1);
        DiskStatus status = disk.GetExtent(offset, disk.Length - offset, out DiskExtent extent);
        return status == DiskStatus.Ok ? extent : throw new DiskException(NameOf(disk), $"Sector allocation test failed: {ImageConverter.Describe(status)}", offset);
    }

    private static bool IsAllocated(IDisk disk, long offset) => ImageMapper.At(disk, offset, Sector).Present;

    private static Span<byte> Load(IDisk disk, long offset, in DiskExtent extent, Span<byte> buffer)
    {
        DiskStatus status = extent.Zero ? DiskStatus.Ok : disk.Read(offset, buffer);
        return status == DiskStatus.Ok ? buffer : throw new DiskException(NameOf(disk), $"Error while reading: {ImageConverter.Describe(status)}", offset);
    }

    private static int Leading(ReadOnlySpan<byte> bytes)
    {
        int found = bytes.IndexOfAnyExcept((byte)0);
        return found < 0 ? bytes.Length : found;
    }

    private static string NameOf(IDisk disk) => (disk as ImageDisk)?.Path ?? "disk";
}
