using System.Buffers.Binary;
using Fabric.Disk.Qcow2;
using Fabric.Disk.Qcow2.Check;
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
        new("backing_file", "str", "File name of a base image"),
        new("backing_fmt", "str", "Image format of the base image"),
        new("cluster_size", "size", "qcow2 cluster size", "65536"),
        new("compat", "str", "Compatibility level (v2 [0.10] or v3 [1.1])", "1.1"),
        new("compression_type", "str", "Compression method used for image cluster compression", "zlib"),
        new("data_file", "str", "File name of an external data file"),
        new("data_file_raw", "bool (on/off)", "The external data file must stay valid as a raw image", "off"),
        new("extended_l2", "bool (on/off)", "Extended L2 tables", "off"),
        new("lazy_refcounts", "bool (on/off)", "Postpone refcount updates", "off"),
        new("preallocation", "str", "Preallocation mode (allowed values: off, metadata, falloc, full)", "off"),
        new("refcount_bits", "num", "Width of a reference count entry in bits", "16"),
        new("size", "size", "Virtual disk size"),
    ];

    /// <inheritdoc/>
    public override bool Recognises(ReadOnlySpan<byte> head, FileStore store) => BinaryPrimitives.ReadUInt32BigEndian(head) == Qcow2Header.Magic;

    /// <inheritdoc/>
    public override ImageDisk Open(FileStore store, ImageOpening opening)
    {
        Qcow2Header header = Qcow2Header.Read(store);
        FileStore? data = null;
        IDisk? backing = null;
        try
        {
            data = header.HasDataFile ? opening.OpenExtent(DataFileOf(header, store)) : null;
            backing = header.BackingName is { } name && !opening.Options.WithoutBacking ? opening.OpenBacking(name, header.BackingFormat) : null;
            return Qcow2Disk.Open(store, header, backing, opening.Options.MetadataCacheBytes, data);
        }
        catch
        {
            data?.Dispose();
            backing?.Dispose();
            throw;
        }
    }

    private static string DataFileOf(Qcow2Header header, FileStore store) =>
        header.DataFileName ?? throw new DiskException(store.Path, "has its data in another file and does not say which", Qcow2Header.IncompatibleOffset);

    /// <inheritdoc/>
    public override void Create(FileStore store, ImageCreation creation)
    {
        Qcow2CreateOptions options = Qcow2CreateOptions.Read(creation.Path, creation.Options, creation.BackingName is not null);
        Qcow2Creator.Write(store, creation.Size, options, creation.BackingName, creation.BackingFormat is { } format ? DiskImage.NameOf(format) : null);
        FileStore? data = options.DataFile is null ? null : creation.CreateExtent(options.DataFile);
        if (options.Preallocation != Preallocation.Off)
            Qcow2Disk.Preallocate(store, data, options.Preallocation);
    }

    /// <inheritdoc/>
    public override long Measure(long size, long dataBytes, IReadOnlyDictionary<string, string> options)
    {
        Qcow2CreateOptions wanted = OptionsOf(options);
        if (Qcow2Creator.L1EntriesFor(size, int.Log2(wanted.ClusterSize), wanted.EntryBytes) * 8 > Qcow2Header.MaxL1Bytes)
            throw new DiskException(Name, "The image size is too large (try using a larger cluster size)");
        long whole = (size + wanted.ClusterSize - 1) & -(long)wanted.ClusterSize;
        long data = wanted.Preallocation is Preallocation.Falloc or Preallocation.Full ? whole
            : Math.Min((dataBytes + wanted.ClusterSize - 1) & -(long)wanted.ClusterSize, whole);
        return Qcow2Creator.FullSize(whole, wanted) - whole + data;
    }

    /// <inheritdoc/>
    public override int UnitOf(IReadOnlyDictionary<string, string> options) => OptionsOf(options).ClusterSize;

    private Qcow2CreateOptions OptionsOf(IReadOnlyDictionary<string, string> options) =>
        Qcow2CreateOptions.Read(Name, new OptionReader(Name, this, options), options.ContainsKey("backing_file"));

    /// <inheritdoc/>
    public override DiskImageInfo Inspect(FileStore store, string path)
    {
        Qcow2Header header = Qcow2Header.Read(store);
        List<KeyValuePair<string, object>> specific =
        [
            new("compat", header.Version == 2 ? "0.10" : "1.1"),
            new("compression type", header.CompressionType == Qcow2Header.ZstdCompression ? "zstd" : "zlib"),
        ];
        if (header.Version == 3)
            specific.Add(new("lazy refcounts", header.HasLazyRefcounts));
        specific.Add(new("refcount bits", 1L << header.RefcountOrder));
        if (header.HasDataFile)
            specific.AddRange([new("data file", header.DataFileName ?? ""), new("data file raw", header.IsDataFileRaw)]);
        if (header.Version == 3)
            specific.AddRange([new("corrupt", header.IsCorrupt), new("extended l2", header.HasExtendedL2)]);
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

    /// <inheritdoc/>
    public override DiskCheckResult Check(FileStore store, ImageOpening opening, DiskRepair repair, IProgress<DiskProgress>? progress, CancellationToken cancel) =>
        Qcow2Checker.Run(store, repair, progress, cancel);
}
