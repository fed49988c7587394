using Fabric.Disk.Storage;
using Fabric.Disk.Vhdx;

namespace Fabric.Disk.Formats;

/// <summary>Microsoft's VHDX ([MS-VHDX]): fixed, dynamic and differencing.</summary>
internal sealed class VhdxFormat : ImageFormat
{
    /// <inheritdoc/>
    public override DiskFormat Kind => DiskFormat.Vhdx;

    /// <inheritdoc/>
    public override string Name => "vhdx";

    /// <inheritdoc/>
    public override bool HasBacking => true;

    /// <inheritdoc/>
    public override IReadOnlyList<ImageOption> Options { get; } =
    [
        new("subformat", "str", "VHDX format type, can be either 'dynamic' or 'fixed'", "dynamic"),
        new("block_size", "size", "Block Size; min 1MB, max 256MB. 0 means auto-calculate based on image size.", "0"),
        new("log_size", "size", "Log size; min 1MB.", "1048576"),
        new("block_state_zero", "bool (on/off)", "Force use of payload blocks of type 'ZERO'. Non-standard, but default.", "on"),
        new("logical_sector_size", "num", "Logical sector size, 512 or 4096", "512"),
    ];

    /// <inheritdoc/>
    public override bool Recognises(ReadOnlySpan<byte> head, FileStore store) => head.StartsWith(VhdxFacts.Signature);

    /// <inheritdoc/>
    public override ImageDisk Open(FileStore store, ImageOpening opening) => VhdxDisk.Open(store, opening);

    /// <inheritdoc/>
    public override void Create(FileStore store, ImageCreation creation)
    {
        VhdxCreator creator = Plan(creation.Path, creation.Size, creation.Options, ParentOf(creation));
        if (creator.Parent is not null && creator.Fixed)
            throw new DiskException(creation.Path, "a differencing image cannot be fixed; leave subformat out");
        creator.Write(store);
    }

    private static VhdxCreator Plan(string path, long size, OptionReader options, ParentLocator? parent)
    {
        bool isFixed = options.Choice("subformat", "dynamic", "fixed") == "fixed";
        long block = Math.Min(VhdxFacts.RoundUp(options.Size("block_size", 0)), VhdxFacts.MaxBlock);
        long log = VhdxFacts.RoundUp(options.Size("log_size", VhdxFacts.Unit));
        long sector = options.Number("logical_sector_size", 512);
        if (size > VhdxFacts.MaxSize)
            throw new DiskException(path, "Image size too large; max of 64TB");
        if (log is < VhdxFacts.Unit or > uint.MaxValue)
            throw new DiskException(path, log == 0 ? "Log size must be a multiple of 1 MB" : "Log size must be smaller than 4 GB");
        if (block != 0 && !long.IsPow2(block))
            throw new DiskException(path, "Block size must be a power of two");
        if (sector is not (512 or 4096))
            throw new DiskException(path, $"logical_sector_size {sector} is neither 512 nor 4096");
        return new VhdxCreator
        {
            Size = (size + sector - 1) / sector * sector,
            BlockSize = block == 0 ? VhdxCreator.BlockSizeFor(size) : (int)block,
            LogSize = log,
            SectorSize = (int)sector,
            Fixed = isFixed,
            StateZero = options.Flag("block_state_zero", true),
            Parent = parent,
        };
    }

    private static ParentLocator? ParentOf(ImageCreation creation)
    {
        if (creation.BackingName is not { } name)
            return null;
        if (creation.BackingFormat is not (null or DiskFormat.Vhdx))
            throw new DiskException(creation.Path, $"the parent of a VHDX image must be a VHDX image, and \"{name}\" is {DiskImage.NameOf(creation.BackingFormat.Value)}; use qcow2 for the overlay");
        return ParentLocator.For(name, VhdxDisk.DataWriteGuidOf(HostPath.Resolve(creation.Path, name)));
    }

    /// <inheritdoc/>
    public override DiskCheckResult Check(FileStore store, ImageOpening opening, DiskRepair repair, IProgress<DiskProgress>? progress, CancellationToken cancel) =>
        VhdxCheck.Run(store, repair, progress, cancel);

    /// <inheritdoc/>
    public override DiskImageInfo Inspect(FileStore store, string path)
    {
        VhdxHeader header = VhdxHeader.Read(store);
        LogReplay? replay = LogReplay.Find(store, header);
        ReplayedStore layer = new(store);
        replay?.Play(layer);
        VhdxMetadata metadata = VhdxImage.Read(layer, header).Metadata;
        string? parent = metadata.Parent?.Name;
        return new DiskImageInfo
        {
            FileName = path,
            Format = DiskFormat.Vhdx,
            VirtualSize = metadata.Size,
            ActualSize = store.AllocatedBytes,
            ClusterSize = metadata.BlockSize,
            BackingFileName = parent,
            FullBackingFileName = parent is null ? null : Path.Combine(Path.GetDirectoryName(path) ?? "", parent),
            BackingFormat = parent is null ? null : "vhdx",
            IsDirty = replay is not null,
        };
    }
}
