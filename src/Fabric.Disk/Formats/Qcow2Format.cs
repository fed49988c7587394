using System.Buffers.Binary;
using Fabric.Disk.Qcow2;
using Fabric.Disk.Storage;

namespace Fabric.Disk.Formats;

/// <summary>QEMU's qcow2, version 2 and 3.</summary>
internal sealed class Qcow2Format : ImageFormat
{
    /// <inheritdoc/>
    public override DiskFormat Kind => DiskFormat.Qcow2;

    /// <inheritdoc/>
    public override string Name => "qcow2";

    /// <inheritdoc/>
    public override bool HasBacking => true;

    /// <inheritdoc/>
    public override IReadOnlyList<ImageOption> Options { get; } =
    [
        new("cluster_size", "size", "qcow2 cluster size", "65536"),
        new("refcount_bits", "num", "Width of a reference count entry in bits", "16"),
    ];

    /// <inheritdoc/>
    public override bool Recognises(ReadOnlySpan<byte> head, FileStore store) => BinaryPrimitives.ReadUInt32BigEndian(head) == Qcow2Header.Magic;

    /// <inheritdoc/>
    public override ImageDisk Open(FileStore store, ImageOpening opening)
    {
        Qcow2Header header = Qcow2Header.Read(store);
        IDisk? backing = header.BackingName is { } name && !opening.Options.WithoutBacking ? opening.OpenBacking(name, header.BackingFormat) : null;
        try
        {
            return Qcow2Disk.Open(store, header, backing, opening.Options.MetadataCacheBytes);
        }
        catch
        {
            backing?.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public override void Create(FileStore store, ImageCreation creation)
    {
        int cluster = (int)Math.Min(int.MaxValue, creation.Options.Size("cluster_size", 1 << 16));
        int refcount = (int)Math.Min(int.MaxValue, creation.Options.Number("refcount_bits", 16));
        Qcow2Creator.Write(store, creation.Size, cluster, refcount, creation.BackingName, creation.BackingFormat is { } format ? DiskImage.NameOf(format) : null);
    }

    /// <inheritdoc/>
    public override DiskImageInfo Inspect(FileStore store, string path)
    {
        Qcow2Header header = Qcow2Header.Read(store);
        List<KeyValuePair<string, object>> specific = [new("compat", header.Version == 2 ? "0.10" : "1.1"), new("compression type", "zlib")];
        if (header.Version == 3)
            specific.Add(new("lazy refcounts", (header.Compatible & OtherFeatures.LazyRefcounts) != 0));
        specific.Add(new("refcount bits", 1L << header.RefcountOrder));
        if (header.Version == 3)
            specific.AddRange([new("corrupt", header.IsCorrupt), new("extended l2", false)]);
        return new DiskImageInfo
        {
            FileName = path,
            Format = DiskFormat.Qcow2,
            VirtualSize = header.Size,
            ActualSize = store.AllocatedBytes,
            ClusterSize = header.ClusterSize,
            BackingFileName = header.BackingName,
            FullBackingFileName = header.BackingName is { } name ? FullName(path, name) : null,
            BackingFormat = header.BackingFormat,
            IsDirty = header.IsDirty,
            IsCorrupt = header.IsCorrupt,
            Snapshots = [.. Qcow2Snapshots.Read(store, header).Entries.Select(entry => entry.Describe())],
            Specific = specific,
        };
    }

    private static string FullName(string path, string backing) => Path.Combine(Path.GetDirectoryName(path) ?? "", backing);
}
