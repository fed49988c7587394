using Fabric.Disk.Formats;
using Fabric.Disk.Storage;

namespace Fabric.Disk.Vmdk;

/// <summary>Looks for grains that cannot be where their tables say.</summary>
internal static class VmdkChecker
{
    /// <summary>Checks an image.</summary>
    /// <param name="store">Its own file; closed afterwards.</param>
    /// <param name="opening">The way to its extents.</param>
    /// <param name="repair">Must be none: the format has nothing to repair from.</param>
    /// <param name="progress">Told of the work, or null.</param>
    /// <param name="cancel">Stops.</param>
    /// <exception cref="DiskException">It cannot be opened, or a repair was asked for.</exception>
    public static DiskCheckResult Run(FileStore store, ImageOpening opening, DiskRepair repair, IProgress<DiskProgress>? progress, CancellationToken cancel)
    {
        if (repair != DiskRepair.None)
            throw new DiskException(store.Path, "a VMDK can be checked but not repaired; copy what is left with convert");
        using VmdkDisk disk = VmdkOpener.Open(store, new ImageOpening(opening.Path, true, opening.Options with { WithoutBacking = true }, opening.Above));
        List<string> messages = [];
        long corruptions = 0;
        long errors = 0;
        for (long offset = 0; offset < disk.Length;)
        {
            cancel.ThrowIfCancellationRequested();
            DiskStatus status = disk.GetExtent(offset, disk.Length - offset, out DiskExtent extent);
            if (status == DiskStatus.Corrupt)
                corruptions++;
            else if (status != DiskStatus.Ok)
                errors++;
            if (status != DiskStatus.Ok && messages.Count < DiskCheckResult.MaxMessages)
                messages.Add(status == DiskStatus.Corrupt ? $"ERROR: cluster offset for sector {offset / 512} points after EOF" : $"ERROR: could not get cluster_offset for sector {offset / 512}");
            offset += Math.Max(512, extent.Length);
            progress?.Report(new DiskProgress(Math.Min(offset, disk.Length), disk.Length));
        }

        return new DiskCheckResult { Messages = messages, Corruptions = corruptions, CheckErrors = errors };
    }
}
