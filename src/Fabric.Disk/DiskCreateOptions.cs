namespace Fabric.Disk;

/// <summary>What <see cref="DiskImage.Create"/> makes.</summary>
public sealed record DiskCreateOptions
{
    /// <summary>The format.</summary>
    public DiskFormat Format { get; init; } = DiskFormat.Qcow2;

    /// <summary>Virtual size in bytes, rounded up to 512; null takes the backing disk's.</summary>
    public long? Size { get; init; }

    /// <summary>The backing file, kept in the image exactly as given; a relative name starts at the new image's folder. Null for none.</summary>
    public string? BackingPath { get; init; }

    /// <summary>Format of the backing file, or null to recognise it by its magic number.</summary>
    public DiskFormat? BackingFormat { get; init; }

    /// <summary>Cluster size in bytes: a power of two, 512 to 2 MiB.</summary>
    public int ClusterSize { get; init; } = 1 << 16;

    /// <summary>Width of a refcount in bits: a power of two, 1 to 64.</summary>
    public int RefcountBits { get; init; } = 16;

    /// <summary>Replace an existing file, unless somebody uses it.</summary>
    public bool Overwrite { get; init; }
}
