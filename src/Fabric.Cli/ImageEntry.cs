using Fabric.Disk;
using Fabric.Images;

namespace Fabric.Cli;

/// <summary>A guest image, as <c>fabric image list --json</c> tells it.</summary>
/// <param name="Name">Name in the catalogue.</param>
/// <param name="Version">Version of the kernel's package and a digest of the rest; null when it was not pulled.</param>
/// <param name="SizeBytes">What it takes on the disk.</param>
/// <param name="Folder">Where its files are.</param>
internal sealed record ImageEntry(string Name, string? Version, long SizeBytes, string? Folder)
{
    /// <summary>An image in the cache.</summary>
    public static ImageEntry Of(GuestImage image)
    {
        long disk = DiskImage.Inspect(image.BaseDisk, DiskFormat.Raw).ActualSize;
        return new ImageEntry(image.Name, image.Version, disk + new FileInfo(image.Kernel).Length + new FileInfo(image.Initrd).Length, image.Directory);
    }
}
