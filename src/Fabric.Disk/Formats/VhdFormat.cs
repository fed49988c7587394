using Fabric.Disk.Storage;
using Fabric.Disk.Vhd;

namespace Fabric.Disk.Formats;

/// <summary>Microsoft's VHD, which QEMU calls vpc: fixed, dynamic and differencing.</summary>
internal sealed class VhdFormat : ImageFormat
{
    /// <inheritdoc/>
    public override DiskFormat Kind => DiskFormat.Vhd;

    /// <inheritdoc/>
    public override string Name => "vpc";

    /// <inheritdoc/>
    public override bool HasBacking => true;

    /// <inheritdoc/>
    public override IReadOnlyList<ImageOption> Options { get; } =
    [
        new("subformat", "str", "Type of virtual hard disk format. Supported formats are {dynamic (default) | fixed} "),
        new("force_size", "bool (on/off)", "Force disk size calculation to use the actual size specified, rather than using the nearest CHS-based calculation"),
    ];

    /// <inheritdoc/>
    /// <remarks>A fixed disk is not recognised: its front is the guest's to write, so it must be named.</remarks>
    public override bool Recognises(ReadOnlySpan<byte> head, FileStore store) =>
        head.StartsWith("conectix"u8) || VhdFooter.Find(store, out _) is { Kind: VhdKind.Dynamic or VhdKind.Differencing };

    /// <inheritdoc/>
    public override ImageDisk Open(FileStore store, ImageOpening opening)
    {
        VhdFooter footer = ReadFooter(store, out bool copyIsGood);
        if (footer.Kind == VhdKind.Fixed)
            return new FixedVhdDisk(store, footer);
        VhdHeader header = VhdHeader.Read(store, footer, footer.VirtualSize);
        IDisk? parent = footer.Kind == VhdKind.Differencing && !opening.Options.WithoutBacking ? OpenParent(store, header, opening) : null;
        try
        {
            return DynamicVhdDisk.Open(store, footer, header, parent, copyIsGood, opening.Options.MetadataCacheBytes);
        }
        catch
        {
            parent?.Dispose();
            throw;
        }
    }

    private IDisk OpenParent(FileStore store, VhdHeader header, ImageOpening opening)
    {
        string name = ParentLocator.ReadName(store, header) ?? throw new DiskException(store.Path, "does not say where its parent is", header.Offset + 64);
        IDisk parent = opening.OpenBacking(name, Name);
        if (parent is VhdDisk disk && disk.UniqueId == header.ParentId)
            return parent;
        parent.Dispose();
        throw new DiskException(store.Path, $"its parent \"{name}\" is another disk than the one it was made over; restore that, or rebase the image");
    }

    /// <inheritdoc/>
    public override void Create(FileStore store, ImageCreation creation)
    {
        bool isFixed = creation.Options.Choice("subformat", "dynamic", "fixed") == "fixed";
        bool exact = creation.Options.Flag("force_size", false);
        if (creation.BackingName is not { } parent)
        {
            VhdCreator.Write(store, creation.Path, creation.Size, isFixed ? VhdKind.Fixed : VhdKind.Dynamic, exact);
            return;
        }

        if (isFixed || creation.Backing is not { Format: DiskFormat.Vhd })
            throw new DiskException(creation.Path, isFixed ? "a fixed VHD cannot have a parent" : "the parent of a VHD must be a VHD, and must be there to be looked at");
        VhdCreator.WriteChild(store, creation.Path, creation.Size, parent);
    }

    /// <inheritdoc/>
    public override DiskImageInfo Inspect(FileStore store, string path)
    {
        VhdFooter footer = ReadFooter(store, out _);
        VhdHeader? header = footer.Kind == VhdKind.Fixed ? null : VhdHeader.Read(store, footer, footer.VirtualSize);
        string? parent = footer.Kind == VhdKind.Differencing ? ParentLocator.ReadName(store, header!) : null;
        return new DiskImageInfo
        {
            FileName = path,
            Format = DiskFormat.Vhd,
            VirtualSize = footer.VirtualSize,
            ActualSize = store.AllocatedBytes,
            ClusterSize = header?.BlockSize,
            BackingFileName = parent,
            FullBackingFileName = parent is null ? null : Path.Combine(Path.GetDirectoryName(path) ?? "", parent),
            BackingFormat = parent is null ? null : Name,
        };
    }

    private static VhdFooter ReadFooter(FileStore store, out bool copyIsGood)
    {
        VhdFooter footer = VhdFooter.Find(store, out copyIsGood)
            ?? throw new DiskException(store.Path, "has no VHD footer with a good checksum, neither at its end nor at its front");
        if (footer.Version >> 16 != 1)
            throw new DiskException(store.Path, $"is a VHD of version {footer.Version >> 16}, which is not supported (1 is)", 12);
        if (footer.Kind is not (VhdKind.Fixed or VhdKind.Dynamic or VhdKind.Differencing))
            throw new DiskException(store.Path, $"is a VHD of type {(uint)footer.Kind}, which is not supported (fixed, dynamic and differencing are)", 60);
        long length = footer.VirtualSize;
        if (length < 0)
            throw new DiskException(store.Path, $"is larger than {VhdFooter.MaxLength} bytes, the most a VHD can be", 48);
        if (footer.Kind == VhdKind.Fixed && length > store.Length - VhdFooter.Size)
            throw new DiskException(store.Path, $"says that it is {length} bytes large, more than the file holds", 48);
        return footer;
    }
}
