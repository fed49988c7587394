using Fabric.Disk.Storage;

namespace Fabric.Disk.Formats;

/// <summary>How an image is being opened, and a format's way to the other files the image names.</summary>
/// <remarks>A name that stands in an image is followed only inside the image's own folder and the folders that the operator allows, after
/// links are resolved; each file it leads to is locked like the image (extents) or for reading (disks below).</remarks>
internal sealed class ImageOpening(string path, bool readOnly, DiskOpenOptions options, List<HostFile> above)
{
    /// <summary>The image file.</summary>
    public string Path => path;

    /// <summary>Opened for reading only.</summary>
    public bool ReadOnly => readOnly;

    /// <summary>What the caller asked for.</summary>
    public DiskOpenOptions Options => options;

    /// <summary>The images on the way here, from the top down to this one.</summary>
    internal List<HostFile> Above => above;

    /// <summary>Opens the disk below, for reading.</summary>
    /// <param name="name">Its name as it stands in the image; a relative one starts at the image's folder.</param>
    /// <param name="formatName">Its format as it stands in the image, or null when the image does not say. A format that the image's own
    /// standard fixes (the parent of a VHDX is one) is given here too.</param>
    /// <exception cref="DiskException">It is missing, in use by a writer, not allowed, its own overlay, or of no known format.</exception>
    public IDisk OpenBacking(string name, string? formatName) => DiskImage.OpenBacking(this, name, formatName);

    /// <summary>Opens a file that holds a part of this image (an extent, a data file), as this image is open.</summary>
    /// <param name="name">Its name as it stands in the image.</param>
    /// <exception cref="DiskException">It is missing, in use, or not allowed.</exception>
    public FileStore OpenExtent(string name) => DiskImage.OpenExtent(this, name);
}
