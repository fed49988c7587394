using Fabric.Disk.Storage;

namespace Fabric.Disk.Formats;

/// <summary>One image format, as <see cref="DiskImage"/> knows it: how it is recognised, opened, created and described.</summary>
/// <remarks>A format is stateless. It is handed the file, opened, locked and unread; what else it needs of the host (the disk below, files
/// beside it) it asks of the <see cref="ImageOpening"/> or <see cref="ImageCreation"/>, which guard names, locks and depth.</remarks>
internal abstract class ImageFormat
{
    /// <summary>The format.</summary>
    public abstract DiskFormat Kind { get; }

    /// <summary>Its name in images and on command lines; that of QEMU where QEMU has one.</summary>
    public abstract string Name { get; }

    /// <summary>The options it takes when an image is made, in the order <c>-o help</c> lists them.</summary>
    public virtual IReadOnlyList<ImageOption> Options => [];

    /// <summary>True when an image may have a backing file.</summary>
    public virtual bool HasBacking => false;

    /// <summary>Tells the format by its magic number.</summary>
    /// <param name="head">The file's first 512 bytes, zeroes where it is shorter.</param>
    /// <param name="store">The file, for a magic number elsewhere.</param>
    public abstract bool Recognises(ReadOnlySpan<byte> head, FileStore store);

    /// <summary>Opens an image.</summary>
    /// <param name="store">The file; it belongs to the disk when this returns, and to the caller when it throws.</param>
    /// <param name="opening">How, and the way to other files.</param>
    /// <exception cref="DiskException">The image must not be trusted, or not be written to.</exception>
    public abstract ImageDisk Open(FileStore store, ImageOpening opening);

    /// <summary>Fills an empty file with a new image.</summary>
    /// <param name="store">The file; the caller flushes and closes it.</param>
    /// <param name="creation">What to make.</param>
    /// <exception cref="DiskException">An option does not fit.</exception>
    public abstract void Create(FileStore store, ImageCreation creation);

    /// <summary>Reads what an image says about itself, without trusting it and without opening other files.</summary>
    /// <param name="store">The file.</param>
    /// <param name="path">Its name, as it is to be shown.</param>
    /// <exception cref="DiskException">The image is damaged.</exception>
    public abstract DiskImageInfo Inspect(FileStore store, string path);

    /// <summary>Looks for faults in an image's own structures, and repairs them if asked.</summary>
    /// <param name="store">The file, open for writing when something is to be repaired.</param>
    /// <param name="opening">The way to other files.</param>
    /// <param name="repair">What to repair.</param>
    /// <param name="progress">Told of the work, or null.</param>
    /// <param name="cancel">Stops between two steps, leaving an image no worse than before.</param>
    /// <exception cref="DiskException">The header cannot be used at all, or the format has nothing to check.</exception>
    public virtual DiskCheckResult Check(FileStore store, ImageOpening opening, DiskRepair repair, IProgress<DiskProgress>? progress, CancellationToken cancel) =>
        throw new DiskException(store.Path, $"This image format does not support checks");

    /// <summary>Size in bytes of a new image's file, for <c>measure</c>.</summary>
    /// <param name="size">Virtual size in bytes.</param>
    /// <param name="dataBytes">Bytes of data in whole units of the format (clusters, blocks).</param>
    /// <param name="options">Options for creating, by name.</param>
    /// <exception cref="DiskException">The format cannot tell, or an option does not fit.</exception>
    public virtual long Measure(long size, long dataBytes, IReadOnlyDictionary<string, string> options) =>
        throw new DiskException(Name, "the size of an image of this format cannot be told beforehand");

    /// <summary>Unit in bytes in which an image made with these options takes space, for <c>measure</c>.</summary>
    public virtual int UnitOf(IReadOnlyDictionary<string, string> options) => 512;
}
