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

    /// <summary>Open this image alone: what lies below is not opened and reads as zeroes where it would show through.</summary>
    public bool WithoutBacking { get; init; }

    /// <summary>Ways to reach a disk that is no file. A name inside an image is followed by them only with
    /// <see cref="AllowOutsideFolder"/>, or when <see cref="AllowedFolders"/> has the very same name.</summary>
    public IReadOnlyList<IDiskProtocol> Protocols { get; init; } = [];

    /// <summary>What lies below this image, open already: it is used whatever the image says, if the image names anything below it at all. The caller
    /// keeps it and disposes it after the image. Null follows the name in the image.</summary>
    public IDisk? Backing { get; init; }
}
