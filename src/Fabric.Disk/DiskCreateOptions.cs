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

    /// <summary>The format's own options, by name, as after <c>-o</c> (<c>cluster_size</c>, <c>subformat</c>, …).</summary>
    public IReadOnlyDictionary<string, string> FormatOptions { get; init; } = new Dictionary<string, string>();

    /// <summary>Do not look at the backing file: it need not exist (a size is required then).</summary>
    public bool Unchecked { get; init; }

    /// <summary>Ways to reach a backing disk that is no file.</summary>
    public IReadOnlyList<IDiskProtocol> Protocols { get; init; } = [];

    /// <summary>Replace an existing file, unless somebody uses it.</summary>
    public bool Overwrite { get; init; }
}
