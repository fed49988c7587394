using Fabric.Disk.Raw;
using Fabric.Disk.Storage;

namespace Fabric.Disk.Formats;

/// <summary>The disk's bytes as they are. Never recognised, always named.</summary>
internal sealed class RawFormat : ImageFormat
{
    /// <inheritdoc/>
    public override DiskFormat Kind => DiskFormat.Raw;

    /// <inheritdoc/>
    public override string Name => "raw";

    /// <inheritdoc/>
    public override IReadOnlyList<ImageOption> Options { get; } =
        [new("preallocation", "str", "Preallocation mode (allowed values: off, falloc, full)")];

    /// <inheritdoc/>
    public override bool Recognises(ReadOnlySpan<byte> head, FileStore store) => false;

    /// <inheritdoc/>
    public override ImageDisk Open(FileStore store, ImageOpening opening) => new RawDisk(store);

    /// <inheritdoc/>
    public override void Create(FileStore store, ImageCreation creation)
    {
        bool isFull = creation.Options.Choice("preallocation", "off", "falloc", "full") != "off";
        if (store.SetLength(creation.Size) != DiskStatus.Ok || (isFull && store.WriteZeroes(0, creation.Size, mayUnmap: false) != DiskStatus.Ok))
            throw new DiskException(creation.Path, $"a file of {creation.Size} bytes cannot be made here");
    }

    /// <inheritdoc/>
    public override long Measure(long size, long dataBytes, IReadOnlyDictionary<string, string> options) => (size + 511) & ~511L;

    /// <inheritdoc/>
    public override DiskImageInfo Inspect(FileStore store, string path) =>
        new() { FileName = path, Format = DiskFormat.Raw, VirtualSize = (store.Length + 511) & ~511L, ActualSize = store.AllocatedBytes };
}
