using Fabric.Disk.Storage;
using Fabric.Disk.Vmdk;

namespace Fabric.Disk.Formats;

/// <summary>VMware's VMDK: sparse, flat, split in files of 2 GiB, compressed.</summary>
internal sealed class VmdkFormat : ImageFormat
{
    /// <inheritdoc/>
    public override DiskFormat Kind => DiskFormat.Vmdk;

    /// <inheritdoc/>
    public override string Name => "vmdk";

    /// <inheritdoc/>
    public override bool HasBacking => true;

    /// <inheritdoc/>
    public override IReadOnlyList<ImageOption> Options { get; } =
    [
        new("adapter_type", "str", "Virtual adapter type, can be one of ide (default), lsilogic, buslogic or legacyESX"),
        new("compat6", "bool (on/off)", "VMDK version 6 image", "off"),
        new("hwversion", "str", "VMDK hardware version", "undefined"),
        new("subformat", "str", "VMDK flat extent format, can be one of {monolithicSparse (default) | monolithicFlat | twoGbMaxExtentSparse | twoGbMaxExtentFlat | streamOptimized} "),
        new("toolsversion", "str", "VMware guest tools version"),
        new("zeroed_grain", "bool (on/off)", "Enable efficient zero writes using the zeroed-grain GTE feature"),
    ];

    /// <inheritdoc/>
    public override bool Recognises(ReadOnlySpan<byte> head, FileStore store) =>
        head.StartsWith("KDMV"u8) || head.StartsWith("COWD"u8) || IsDescriptor(head);

    /// <summary>Comments and blank lines, then <c>version=</c> 1, 2 or 3.</summary>
    private static bool IsDescriptor(ReadOnlySpan<byte> head)
    {
        foreach (Range range in head.Split((byte)'\n'))
        {
            ReadOnlySpan<byte> line = head[range].TrimEnd("\r "u8);
            if (line.IsEmpty || line[0] == (byte)'#')
                continue;
            return line.SequenceEqual("version=1"u8) || line.SequenceEqual("version=2"u8) || line.SequenceEqual("version=3"u8);
        }

        return false;
    }

    /// <inheritdoc/>
    public override ImageDisk Open(FileStore store, ImageOpening opening) => VmdkOpener.Open(store, opening);

    /// <inheritdoc/>
    public override void Create(FileStore store, ImageCreation creation) => VmdkCreator.Write(store, creation);

    /// <inheritdoc/>
    public override DiskImageInfo Inspect(FileStore store, string path) => VmdkInspector.Inspect(store, path);

    /// <inheritdoc/>
    public override DiskCheckResult Check(FileStore store, ImageOpening opening, DiskRepair repair, IProgress<DiskProgress>? progress, CancellationToken cancel) =>
        VmdkChecker.Run(store, opening, repair, progress, cancel);
}
