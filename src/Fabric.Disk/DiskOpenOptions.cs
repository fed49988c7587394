namespace Fabric.Disk;

/// <summary>How <see cref="DiskImage.Open"/> opens an image.</summary>
public sealed record DiskOpenOptions
{
    /// <summary>The format, or null to recognise it by its magic number. Raw is never recognised: it must be named, as a guest could
    /// write any magic into its first sector.</summary>
    public DiskFormat? Format { get; init; }

    /// <summary>Open for reading only. Backing files always are.</summary>
    public bool ReadOnly { get; init; }

    /// <summary>Follow backing names wherever they lead. Only for images whose origin is trusted: a hostile one names any file of the host.</summary>
    public bool AllowOutsideFolder { get; init; }

    /// <summary>Folders, besides the image's own, in which backing files may lie; folders below them count as well.</summary>
    public IReadOnlyList<string> AllowedFolders { get; init; } = [];

    /// <summary>Take no locks and ignore those of others; only together with <see cref="ReadOnly"/>. What is read may be torn.</summary>
    public bool IgnoreLocks { get; init; }

    /// <summary>Bound of the metadata cache of each image in the chain, in bytes.</summary>
    public int MetadataCacheBytes { get; init; } = 16 << 20;
}
