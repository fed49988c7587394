namespace Fabric.Disk.Operations;

/// <summary>Writes what overlays hold into a disk below them.</summary>
/// <remarks>
/// Order: copy, flush the base, only then empty the overlay. What the base gets are bytes that the overlays hide, so that the disk seen
/// through the overlays is the same at every moment; a commit that was cut off is started again and finishes.
/// </remarks>
public static class ImageCommit
{
    private const int PieceBytes = 2 << 20;

    /// <summary>Commits.</summary>
    /// <param name="path">The overlay.</param>
    /// <param name="options">How to open it; not read-only.</param>
    /// <param name="basePath">Disk below to commit to, as its file name; null for the one right below.</param>
    /// <param name="keep">Leave the overlay as it is. Always so when the base is not right below: layers between still show through.</param>
    /// <param name="progress">Told of the bytes dealt with, or null.</param>
    /// <param name="cancel">Stops soon; started again, the commit finishes.</param>
    /// <exception cref="DiskException">There is no such disk below, or something cannot be read or written.</exception>
    public static void Commit(string path, DiskOpenOptions options, string? basePath, bool keep, IProgress<DiskProgress>? progress, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(options);
        IReadOnlyList<DiskImageInfo> chain = DiskImage.InspectChain(path, options);
        int target = basePath is null ? 1 : IndexOf(chain, basePath);
        if (basePath is null && chain.Count < 2)
            throw new DiskException(path, "Image does not have a backing file");
        if (target < 1)
            throw new DiskException(path, $"Did not find '{basePath}' in the backing chain of '{path}'");
        using ImageDisk below = OpenLayer(chain[target], options with { WithoutBacking = false, ReadOnly = false });
        for (int layer = target - 1; layer >= 0; layer--)
        {
            bool empties = layer == 0 && target == 1 && !keep;
            using ImageDisk above = OpenLayer(chain[layer], options with { WithoutBacking = true, ReadOnly = !empties });
            if (above.Length > below.Length)
                below.Resize(above.Length, mayShrink: false);
            Copy(above, below, progress, cancel);
            if (below.Flush() != DiskStatus.Ok)
                throw new DiskException(below.Path, "cannot be brought to stable storage");
            if (empties)
                above.MakeEmpty();
        }
    }

    private static ImageDisk OpenLayer(DiskImageInfo layer, DiskOpenOptions options) => DiskImage.Open(layer.FileName, options with { Format = layer.Format });

    private static int IndexOf(IReadOnlyList<DiskImageInfo> chain, string basePath)
    {
        for (int i = 1; i < chain.Count; i++)
            if (chain[i].FileName == basePath || chain[i - 1].BackingFileName == basePath || System.IO.Path.GetFullPath(chain[i].FileName) == System.IO.Path.GetFullPath(basePath))
                return i;
        return -1;
    }

    private static void Copy(ImageDisk above, ImageDisk below, IProgress<DiskProgress>? progress, CancellationToken cancel)
    {
        byte[] buffer = GC.AllocateUninitializedArray<byte>(PieceBytes);
        for (long offset = 0; offset < above.Length;)
        {
            cancel.ThrowIfCancellationRequested();
            DiskStatus status = above.GetExtent(offset, above.Length - offset, out DiskExtent extent);
            long length = extent.Length;
            if (status == DiskStatus.Ok && extent.Allocated && extent.Zero)
                status = below.WriteZeroes(offset, length, DiskFlags.MayUnmap);
            else if (status == DiskStatus.Ok && extent.Allocated)
                status = CopyPiece(above, below, offset, length = Math.Min(length, PieceBytes), buffer);
            if (status != DiskStatus.Ok)
                throw new DiskException(below.Path, $"Block job failed: {ImageConverter.Describe(status)}", offset);
            offset += length;
            progress?.Report(new DiskProgress(offset, above.Length));
        }
    }

    private static DiskStatus CopyPiece(ImageDisk above, ImageDisk below, long offset, long length, byte[] buffer)
    {
        Span<byte> piece = buffer.AsSpan(0, (int)length);
        DiskStatus status = above.Read(offset, piece);
        return status == DiskStatus.Ok ? below.Write(offset, piece) : status;
    }
}
