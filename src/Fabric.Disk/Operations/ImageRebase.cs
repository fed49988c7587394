namespace Fabric.Disk.Operations;

/// <summary>Puts an overlay on another disk below, without a change of what is seen through it.</summary>
/// <remarks>What differs between the old and the new disk below is first written to the overlay and brought to stable storage; only then is
/// the name in the overlay changed. Cut off before that, the overlay is on its old disk and sound; started again, the rebase
/// finishes.</remarks>
public static class ImageRebase
{
    private const int PieceBytes = 2 << 20;
    private const int Sector = 512;

    /// <summary>Rebases.</summary>
    /// <param name="overlay">The overlay, open for writing, over its old disk below.</param>
    /// <param name="newBase">The new disk below, open, or null for none.</param>
    /// <param name="progress">Told of the bytes dealt with, or null.</param>
    /// <param name="cancel">Stops soon, with the overlay on its old disk.</param>
    /// <exception cref="DiskException">Something cannot be read or written.</exception>
    public static void CopyDifferences(ImageDisk overlay, IDisk? newBase, IProgress<DiskProgress>? progress, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(overlay);
        byte[] old = GC.AllocateUninitializedArray<byte>(PieceBytes);
        byte[] now = GC.AllocateUninitializedArray<byte>(PieceBytes);
        for (long offset = 0; offset < overlay.Length;)
        {
            cancel.ThrowIfCancellationRequested();
            DiskStatus status = overlay.GetExtent(offset, Math.Min(PieceBytes, overlay.Length - offset), out DiskExtent extent);
            if (status == DiskStatus.Ok && !extent.Allocated)
                status = CopyPiece(overlay, newBase, offset, extent, old, now);
            if (status != DiskStatus.Ok)
                throw new DiskException(overlay.Path, $"Error while writing to COW image: {ImageConverter.Describe(status)}", offset);
            offset += extent.Length;
            progress?.Report(new DiskProgress(offset, overlay.Length));
        }

        if (overlay.Flush() != DiskStatus.Ok)
            throw new DiskException(overlay.Path, "cannot be brought to stable storage");
    }

    private static DiskStatus CopyPiece(ImageDisk overlay, IDisk? newBase, long offset, in DiskExtent extent, byte[] old, byte[] now)
    {
        int length = (int)extent.Length;
        if (extent.Zero && IsZero(newBase, offset, length))
            return DiskStatus.Ok;
        // What the old disk holds is copied as it is, zeroes, too, as qemu-img does; zeroes past its end cost no space.
        bool fromNowhere = overlay.Backing is not { } oldBase || offset >= oldBase.Length;
        DiskStatus status = overlay.Read(offset, old.AsSpan(0, length));
        int below = newBase is null ? 0 : (int)Math.Clamp(newBase.Length - offset, 0, length);
        now.AsSpan(below, length - below).Clear();
        if (status == DiskStatus.Ok && below > 0)
            status = newBase!.Read(offset, now.AsSpan(0, below));
        for (int i = 0; i < length && status == DiskStatus.Ok;)
        {
            int end = i;
            while (end < length && !SameSector(old, now, end, length))
                end += Math.Min(Sector, length - end);
            if (end > i)
                status = fromNowhere ? KeepZeroes(overlay, offset + i, old.AsSpan(i, end - i)) : overlay.Write(offset + i, old.AsSpan(i, end - i));
            i = end == i ? i + Math.Min(Sector, length - i) : end;
        }

        return status;
    }

    /// <summary>Zeroes that come from nowhere must become the overlay's own, or the new disk below would show.</summary>
    private static DiskStatus KeepZeroes(ImageDisk overlay, long offset, ReadOnlySpan<byte> zeroes)
    {
        DiskStatus status = overlay.WriteZeroes(offset, zeroes.Length);
        while (status == DiskStatus.Ok && !zeroes.IsEmpty)
        {
            status = overlay.GetExtent(offset, zeroes.Length, out DiskExtent extent);
            if (status == DiskStatus.Ok && !extent.Allocated)
                status = overlay.Write(offset, zeroes[..(int)extent.Length]);
            offset += extent.Length;
            zeroes = zeroes[(int)extent.Length..];
        }

        return status;
    }

    private static bool SameSector(byte[] old, byte[] now, int at, int length)
    {
        int piece = Math.Min(Sector, length - at);
        return old.AsSpan(at, piece).SequenceEqual(now.AsSpan(at, piece));
    }

    private static bool IsZero(IDisk? disk, long offset, int length)
    {
        if (disk is null || offset >= disk.Length)
            return true;
        return disk.GetExtent(offset, length, out DiskExtent extent) == DiskStatus.Ok && extent.Zero && offset + extent.Length >= Math.Min(offset + length, disk.Length);
    }
}
