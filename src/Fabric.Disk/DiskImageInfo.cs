using System.Text.Json;

namespace Fabric.Disk;

/// <summary>What an image says about itself.</summary>
public sealed record DiskImageInfo
{
    /// <summary>The file as it was named.</summary>
    public required string FileName { get; init; }

    /// <summary>Its format.</summary>
    public required DiskFormat Format { get; init; }

    /// <summary>What a guest sees, in bytes.</summary>
    public required long VirtualSize { get; init; }

    /// <summary>What the file occupies on the host, in bytes.</summary>
    public required long ActualSize { get; init; }

    /// <summary>Cluster size in bytes, or null for raw.</summary>
    public int? ClusterSize { get; init; }

    /// <summary>The backing file as it stands in the image, or null.</summary>
    public string? BackingFileName { get; init; }

    /// <summary>The backing file's path, or null.</summary>
    public string? FullBackingFileName { get; init; }

    /// <summary>Format of the backing file as it stands in the image, or null.</summary>
    public string? BackingFormat { get; init; }

    /// <summary>qcow2: refcounts may be wrong; opening for writing repairs them.</summary>
    public bool Dirty { get; init; }

    /// <summary>qcow2: marked corrupt; opens for reading only.</summary>
    public bool Corrupt { get; init; }

    /// <summary>qcow2: the version, 2 or 3.</summary>
    public int Version { get; init; }

    /// <summary>qcow2: width of a refcount.</summary>
    public int RefcountBits { get; init; }

    /// <summary>qcow2: refcounts may be written late.</summary>
    public bool LazyRefcounts { get; init; }

    /// <summary>Number of internal snapshots.</summary>
    public int SnapshotCount { get; init; }

    /// <summary>The format's name as qemu-img writes it.</summary>
    public string FormatName => DiskImage.NameOf(Format);

    /// <summary>Writes one object with the keys of <c>qemu-img info --output=json</c>.</summary>
    /// <param name="writer">Where to.</param>
    public void WriteJson(Utf8JsonWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.WriteStartObject();
        writer.WriteNumber("virtual-size", VirtualSize);
        writer.WriteString("filename", FileName);
        if (ClusterSize is { } clusterSize)
            writer.WriteNumber("cluster-size", clusterSize);
        writer.WriteString("format", FormatName);
        writer.WriteNumber("actual-size", ActualSize);
        if (BackingFileName is not null)
        {
            writer.WriteString("backing-filename", BackingFileName);
            writer.WriteString("full-backing-filename", FullBackingFileName);
        }

        if (BackingFormat is not null)
            writer.WriteString("backing-filename-format", BackingFormat);
        if (Format == DiskFormat.Qcow2)
            WriteSpecific(writer);
        writer.WriteBoolean("dirty-flag", Dirty);
        writer.WriteEndObject();
    }

    private void WriteSpecific(Utf8JsonWriter writer)
    {
        writer.WriteStartObject("format-specific");
        writer.WriteString("type", "qcow2");
        writer.WriteStartObject("data");
        writer.WriteString("compat", Version == 2 ? "0.10" : "1.1");
        writer.WriteString("compression-type", "zlib");
        if (Version == 3)
            writer.WriteBoolean("lazy-refcounts", LazyRefcounts);
        writer.WriteNumber("refcount-bits", RefcountBits);
        if (Version == 3)
        {
            writer.WriteBoolean("corrupt", Corrupt);
            writer.WriteBoolean("extended-l2", false);
        }

        writer.WriteEndObject();
        writer.WriteEndObject();
    }
}
