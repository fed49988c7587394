using Fabric.Disk.Storage;

namespace Fabric.Disk.Formats;

/// <summary>The image to make: options read and checked by <see cref="DiskImage.Create"/>, and a format's way to further files.</summary>
/// <remarks>The image file itself is made under a temporary name and put in place at the end. Further files are made under their own
/// names; when the creation fails they are removed again.</remarks>
internal sealed class ImageCreation
{
    private readonly List<HostFile> _extents = [];

    /// <summary>Where the image will stand.</summary>
    public required string Path { get; init; }

    /// <summary>Virtual size in bytes, a multiple of 512.</summary>
    public required long Size { get; init; }

    /// <summary>Format's own options.</summary>
    public required OptionReader Options { get; init; }

    /// <summary>Name of the disk below as it is to stand in the image, or null.</summary>
    public string? BackingName { get; init; }

    /// <summary>Format of the disk below, or null when there is none or it was not named (only with <see cref="DiskCreateOptions.Unchecked"/>).</summary>
    public DiskFormat? BackingFormat { get; init; }

    /// <summary>What the disk below says about itself; null without one or when it was not looked at.</summary>
    public DiskImageInfo? Backing { get; init; }

    /// <summary>Replace files that exist.</summary>
    public bool Overwrite { get; init; }

    /// <summary>Makes a file that holds a part of the image.</summary>
    /// <param name="name">Plain file name; it is made in the image's folder.</param>
    /// <exception cref="DiskException">It exists and must not be replaced, or cannot be made.</exception>
    public FileStore CreateExtent(string name)
    {
        string path = System.IO.Path.Combine(HostPath.FolderOf(Path), name);
        if (File.Exists(path))
        {
            if (!Overwrite)
                throw new DiskException(path, "the file exists already; remove it, or ask to overwrite it");
            using (HostFile existing = HostFile.Open(path, readOnly: false))
                existing.Lock(LockMode.Write);
            File.Delete(path);
        }

        HostFile made = HostFile.CreateNew(path);
        _extents.Add(made);
        return made;
    }

    /// <summary>Brings the further files to stable storage, or removes them.</summary>
    internal void Finish(bool done)
    {
        foreach (HostFile extent in _extents)
        {
            bool stable = !done || extent.Flush() == DiskStatus.Ok;
            extent.Dispose();
            if (!done)
                File.Delete(extent.Path);
            else if (!stable)
                throw new DiskException(extent.Path, "cannot be brought to stable storage");
        }
    }
}
