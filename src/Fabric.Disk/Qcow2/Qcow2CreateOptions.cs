using Fabric.Disk.Formats;

namespace Fabric.Disk.Qcow2;

/// <summary>What a new qcow2 image is to be like: QEMU's options for creating, read and held against one another.</summary>
internal sealed record Qcow2CreateOptions
{
    /// <summary>Subclusters of a cluster with extended L2 entries.</summary>
    public const int Subclusters = 32;

    /// <summary>2 (<c>compat=0.10</c>) or 3 (<c>compat=1.1</c>).</summary>
    public int Version { get; init; } = 3;

    /// <summary>Cluster size in bytes.</summary>
    public int ClusterSize { get; init; } = 1 << 16;

    /// <summary>Width of a reference count in bits.</summary>
    public int RefcountBits { get; init; } = 16;

    /// <summary>Counts may be written late, under the dirty bit.</summary>
    public bool LazyRefcounts { get; init; }

    /// <summary>L2 entries of 16 bytes, with subclusters.</summary>
    public bool ExtendedL2 { get; init; }

    /// <summary>Compressed clusters are zstd frames rather than raw deflate.</summary>
    public bool Zstd { get; init; }

    /// <summary>What to do with the space of the data at once.</summary>
    public Preallocation Preallocation { get; init; }

    /// <summary>Name of the file for the guest's data as it is to stand in the image, or null to keep it in the image.</summary>
    public string? DataFile { get; init; }

    /// <summary>The data file stays valid as a raw image.</summary>
    public bool DataFileRaw { get; init; }

    /// <summary>Bytes of an L2 entry.</summary>
    public int EntryBytes => ExtendedL2 ? 16 : 8;

    /// <summary>Reads the options.</summary>
    /// <param name="path">The image, for messages.</param>
    /// <param name="reader">What was given.</param>
    /// <param name="hasBacking">The image is to have a backing file.</param>
    /// <exception cref="DiskException">Two of them, or one and the format, do not go together; QEMU's words.</exception>
    public static Qcow2CreateOptions Read(string path, OptionReader reader, bool hasBacking)
    {
        bool raw = reader.Flag("data_file_raw", false);
        Qcow2CreateOptions options = new()
        {
            Version = VersionOf(path, reader.Text("compat")),
            ClusterSize = (int)Math.Min(int.MaxValue, reader.Size("cluster_size", 1 << 16)),
            RefcountBits = (int)Math.Min(int.MaxValue, reader.Number("refcount_bits", 16)),
            LazyRefcounts = reader.Flag("lazy_refcounts", false),
            ExtendedL2 = reader.Flag("extended_l2", false),
            Zstd = ZstdOf(path, reader.Text("compression_type")),
            // A raw data file must show every cluster at its own place from the start.
            Preallocation = raw && reader.Text("preallocation") is null ? Preallocation.Metadata : reader.Preallocation(),
            DataFile = reader.Text("data_file"),
            DataFileRaw = raw,
        };
        if (options.Refusal(hasBacking) is { } refusal)
            throw new DiskException(path, refusal);
        return options;
    }

    private static int VersionOf(string path, string? compat) => compat switch
    {
        null or "1.1" or "v3" => 3,
        "0.10" or "v2" => 2,
        _ => throw new DiskException(path, $"Parameter 'version' does not accept value '{compat}'"),
    };

    private static bool ZstdOf(string path, string? type) => type switch
    {
        null or "zlib" => false,
        "zstd" => true,
        _ => throw new DiskException(path, $"Parameter 'compression-type' does not accept value '{type}'"),
    };

    private string? Refusal(bool hasBacking)
    {
        const string NeedsVersion3 = "compatibility level 1.1 and above (use version=v3 or greater)";
        if (ClusterSize is < 512 or > 2 << 20 || !int.IsPow2(ClusterSize))
            return "Cluster size must be a power of two between 512 and 2048k";
        if (ExtendedL2 && Version < 3)
            return $"Extended L2 entries are only supported with {NeedsVersion3}";
        if (ExtendedL2 && ClusterSize < Subclusters * 512)
            return $"Extended L2 entries are only supported with cluster sizes of at least {Subclusters * 512} bytes";
        if (DataFileRaw && DataFile is null)
            return "data-file-raw requires data-file";
        if (DataFileRaw && hasBacking)
            return "Backing file and data-file-raw cannot be used at the same time";
        if (hasBacking && Preallocation != Preallocation.Off && !ExtendedL2)
            return "Backing file and preallocation can only be used at the same time if extended_l2 is on";
        if (LazyRefcounts && Version < 3)
            return $"Lazy refcounts only supported with {NeedsVersion3}";
        if (RefcountBits is < 1 or > 64 || !int.IsPow2(RefcountBits))
            return "Refcount width must be a power of two and may not exceed 64 bits";
        if (RefcountBits != 16 && Version < 3)
            return "Different refcount widths than 16 bits require compatibility level 1.1 or above (use version=v3 or greater)";
        if (DataFile is not null && Version < 3)
            return $"External data files are only supported with {NeedsVersion3}";
        return Zstd && Version < 3 ? $"Non-zlib compression type is only supported with {NeedsVersion3}" : null;
    }
}
