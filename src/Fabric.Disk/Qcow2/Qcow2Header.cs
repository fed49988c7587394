using System.Buffers.Binary;
using System.Numerics;
using System.Text;
using Fabric.Disk.Storage;

namespace Fabric.Disk.Qcow2;

/// <summary>The header cluster of a qcow2 image, version 2 or 3, read and checked.</summary>
/// <remarks>
/// QEMU docs/interop/qcow2, "Header" and "Header extensions". Everything a length or an index is later taken from has been held
/// against a cap here: cluster size 512 B to 2 MiB, L1 table 32 MiB, refcount table 8 MiB, snapshot table 64 MiB, names 1023 bytes;
/// every table is cluster-aligned, begins inside the file and does not run past the addresses an entry can hold (2^56).
/// </remarks>
internal sealed class Qcow2Header
{
    public const uint Magic = 0x514649fb;
    public const int MaxL1Bytes = 32 << 20;
    public const int MaxRefcountTableBytes = 8 << 20;
    public const int MaxSnapshotTableBytes = 64 << 20;
    public const int MaxSnapshots = 65536;
    public const int IncompatibleOffset = 72;
    public const int CompatibleOffset = 80;
    public const int AutoclearOffset = 88;
    public const int RefcountTableField = 48;
    public const byte ZstdCompression = 1;
    private const long MaxAddress = 1L << 56;

    private readonly string _path;
    private readonly byte[] _bytes;
    private bool _forCheck;

    private Qcow2Header(string path, byte[] bytes)
    {
        _path = path;
        _bytes = bytes;
    }

    /// <summary>2 or 3.</summary>
    public int Version { get; private set; }

    /// <summary>Cluster size as a power of two, 9 to 21.</summary>
    public int ClusterBits { get; private set; }

    /// <summary>Cluster size in bytes.</summary>
    public int ClusterSize => 1 << ClusterBits;

    /// <summary>Virtual size in bytes.</summary>
    public long Size { get; private set; }

    /// <summary>Number of L1 entries.</summary>
    public int L1Entries { get; private set; }

    /// <summary>Place of the active L1 table.</summary>
    public long L1Offset { get; private set; }

    /// <summary>Place of the refcount table.</summary>
    public long RefcountTableOffset { get; private set; }

    /// <summary>Length of the refcount table in clusters.</summary>
    public int RefcountTableClusters { get; private set; }

    /// <summary>Refcount width is 2^order bits, order 0 to 6.</summary>
    public int RefcountOrder { get; private set; }

    /// <summary>Number of internal snapshots.</summary>
    public int SnapshotCount { get; private set; }

    /// <summary>Place of the snapshot table.</summary>
    public long SnapshotsOffset { get; private set; }

    public IncompatibleFeatures Incompatible { get; private set; }

    public ulong Compatible { get; private set; }

    public ulong Autoclear { get; private set; }

    /// <summary>Name of the backing file as it stands in the image, or null.</summary>
    public string? BackingName { get; private set; }

    /// <summary>Format of the backing file as it stands in the image, or null.</summary>
    public string? BackingFormat { get; private set; }

    /// <summary>Name of the external data file, or null.</summary>
    public string? DataFileName { get; private set; }

    /// <summary>0 zlib, 1 zstd.</summary>
    public byte CompressionType { get; private set; }

    public IReadOnlyList<Qcow2Extension> Extensions { get; private set; } = [];

    public bool IsDirty => (Incompatible & IncompatibleFeatures.Dirty) != 0;

    public bool IsCorrupt => (Incompatible & IncompatibleFeatures.Corrupt) != 0;

    /// <summary>The header's cluster as it stands in the file.</summary>
    public ReadOnlySpan<byte> Bytes => _bytes;

    /// <summary>Length of the fixed part in bytes, unknown fields included.</summary>
    public int HeaderLength => Version == 2 ? 72 : (int)U32(100);

    /// <summary>This header with the mapping and size of a snapshot.</summary>
    public Qcow2Header WithMapping(long l1Offset, int l1Entries, long size)
    {
        Qcow2Header other = (Qcow2Header)MemberwiseClone();
        other.L1Offset = l1Offset;
        other.L1Entries = l1Entries;
        other.Size = size;
        return other;
    }

    /// <summary>Guest data stands in <see cref="DataFileName"/>.</summary>
    public bool HasDataFile => (Incompatible & IncompatibleFeatures.ExternalData) != 0;

    /// <summary>The data file is valid as a raw image, and is to stay so.</summary>
    public bool IsDataFileRaw => HasDataFile && (Autoclear & OtherFeatures.RawExternalData) != 0;

    /// <summary>L2 entries are 16 bytes, with 32 subclusters.</summary>
    public bool HasExtendedL2 => (Incompatible & IncompatibleFeatures.ExtendedL2) != 0;

    /// <summary>Bytes of an L2 entry as a power of two.</summary>
    public int EntryBits => HasExtendedL2 ? 4 : 3;

    /// <summary>Counts may be written late, under the dirty bit.</summary>
    public bool HasLazyRefcounts => (Compatible & OtherFeatures.LazyRefcounts) != 0;

    /// <summary>Reads and checks a header.</summary>
    /// <param name="store">The file.</param>
    /// <param name="forCheck">The image may be damaged: tables may lie outside the file, there may be no refcount table, and the snapshot
    /// table is not looked at.</param>
    /// <exception cref="DiskException">It is no qcow2 header, or one that must not be trusted.</exception>
    public static Qcow2Header Read(FileStore store, bool forCheck = false)
    {
        byte[] first = new byte[112];
        ReadOrThrow(store, 0, first);
        if (BinaryPrimitives.ReadUInt32BigEndian(first) != Magic)
            throw new DiskException(store.Path, "is not a qcow2 image; name its real format", 0);
        uint clusterBits = BinaryPrimitives.ReadUInt32BigEndian(first.AsSpan(20));
        if (clusterBits is < 9 or > 21)
            throw new DiskException(store.Path, $"cluster size 2^{clusterBits} is outside 512 B to 2 MiB; the header is damaged", 20);
        byte[] cluster = new byte[1 << (int)clusterBits];
        ReadOrThrow(store, 0, cluster);
        Qcow2Header header = new(store.Path, cluster) { ClusterBits = (int)clusterBits, _forCheck = forCheck };
        header.Parse(store.Length);
        return header;
    }

    private static void ReadOrThrow(FileStore store, long offset, Span<byte> destination)
    {
        if (store.Read(offset, destination) != DiskStatus.Ok)
            throw new DiskException(store.Path, "cannot be read", offset);
    }

    private uint U32(int offset) => BinaryPrimitives.ReadUInt32BigEndian(_bytes.AsSpan(offset));

    private ulong U64(int offset) => BinaryPrimitives.ReadUInt64BigEndian(_bytes.AsSpan(offset));

    private DiskException Bad(int offset, string message) => new(_path, message, offset);

    private void Parse(long fileLength)
    {
        uint version = U32(4);
        if (version is not (2 or 3))
            throw Bad(4, $"qcow2 version {version} is not known (2 and 3 are)");
        Version = (int)version;
        int headerLength = 72;
        RefcountOrder = 4;
        if (Version == 3)
            headerLength = ParseVersion3();
        ParseExtensions(headerLength);
        CheckFeatures();
        ParseSizes(fileLength);
        ParseBackingName();
    }

    private int ParseVersion3()
    {
        uint length = U32(100);
        if (length < 104 || length > ClusterSize || length % 8 != 0)
            throw Bad(100, $"header length {length} is not a multiple of 8 between 104 and the cluster size");
        Incompatible = (IncompatibleFeatures)U64(IncompatibleOffset);
        Compatible = U64(CompatibleOffset);
        Autoclear = U64(AutoclearOffset);
        uint order = U32(96);
        if (order > 6)
            throw Bad(96, $"refcount order {order} is above 6 (64 bits)");
        RefcountOrder = (int)order;
        CompressionType = length > 104 ? _bytes[104] : (byte)0;
        return (int)length;
    }

    private void ParseExtensions(int position)
    {
        // The extensions end where the backing name begins, at the latest at the end of the first cluster.
        long nameOffset = (long)Math.Min(U64(8), (ulong)ClusterSize);
        int end = nameOffset > 0 ? (int)nameOffset : ClusterSize;
        List<Qcow2Extension> found = [];
        while (position + 8 <= end)
        {
            uint type = U32(position);
            uint length = U32(position + 4);
            if (type == 0)
                break;
            if (length > end - position - 8)
                throw Bad(position, $"header extension 0x{type:x8} of {length} bytes runs past the header");
            Qcow2Extension extension = new(type, position + 8, (int)length);
            found.Add(extension);
            ReadExtension(extension);
            position += 8 + (((int)length + 7) & ~7);
        }

        Extensions = found;
    }

    private void ReadExtension(Qcow2Extension extension)
    {
        ReadOnlySpan<byte> data = _bytes.AsSpan(extension.Offset, extension.Length);
        switch (extension.Type)
        {
            case Qcow2Extension.BackingFormat:
                if (extension.Length > 255)
                    throw Bad(extension.Offset, "the backing format's name is longer than 255 bytes");
                BackingFormat = Encoding.UTF8.GetString(data.TrimEnd((byte)0));
                break;
            case Qcow2Extension.DataFile:
                if (extension.Length > 1023)
                    throw Bad(extension.Offset, "the data file's name is longer than 1023 bytes");
                DataFileName = Encoding.UTF8.GetString(data.TrimEnd((byte)0));
                break;
        }
    }

    private void CheckFeatures()
    {
        const IncompatibleFeatures Known = IncompatibleFeatures.Dirty | IncompatibleFeatures.Corrupt | IncompatibleFeatures.ExternalData
            | IncompatibleFeatures.CompressionType | IncompatibleFeatures.ExtendedL2;
        ulong unknown = (ulong)(Incompatible & ~Known);
        if (unknown != 0)
        {
            List<string> names = [];
            ulong nameless = 0;
            for (ulong rest = unknown; rest != 0; rest &= rest - 1)
            {
                if (FeatureName(BitOperations.TrailingZeroCount(rest)) is { } known)
                    names.Add(known);
                else
                    nameless |= rest & ~(rest - 1);
            }

            if (nameless != 0)
                names.Add($"Unknown incompatible feature: {nameless:x}");
            throw Bad(IncompatibleOffset, $"Unsupported qcow2 feature(s): {string.Join(", ", names)}");
        }

        // The standard ties the bit to a value other than 0, so that who does not know the field need not look.
        bool stated = (Incompatible & IncompatibleFeatures.CompressionType) != 0;
        if (stated != (CompressionType != 0))
            throw Bad(104, $"compression type {CompressionType} does not go with its feature bit; the header is damaged");
        if (CompressionType > ZstdCompression)
            throw Bad(104, $"compression type {CompressionType} is not known (zlib and zstd are)");
        if (HasExtendedL2 && ClusterSize < Qcow2CreateOptions.Subclusters * 512)
            throw Bad(20, $"extended L2 entries need clusters of {Qcow2CreateOptions.Subclusters * 512} bytes or more; the header is damaged");
        if (U32(32) != 0)
            throw Bad(32, "is encrypted, which is not yet supported; convert it with qemu-img");
    }

    private string? FeatureName(int bit)
    {
        foreach (Qcow2Extension extension in Extensions)
        {
            if (extension.Type != Qcow2Extension.FeatureNames)
                continue;
            int end = extension.Offset + extension.Length;
            for (int at = extension.Offset; at + 2 < end; at += 48)
                if (_bytes[at] == 0 && _bytes[at + 1] == bit)
                    return Printable(Terminated(_bytes.AsSpan(at + 2, Math.Min(46, end - at - 2))));
        }

        return null;
    }

    private static ReadOnlySpan<byte> Terminated(ReadOnlySpan<byte> name) => name.IndexOf((byte)0) is >= 0 and int end ? name[..end] : name;

    private static string Printable(ReadOnlySpan<byte> bytes) =>
        string.Concat(Encoding.UTF8.GetString(bytes).Select(c => char.IsControl(c) ? '?' : c));

    private void ParseSizes(long fileLength)
    {
        ulong size = U64(24);
        if (size > long.MaxValue - 511)
            throw Bad(24, $"virtual size {size} is too large");
        Size = (long)size;
        uint entries = U32(36);
        if (entries > MaxL1Bytes / 8)
            throw Bad(36, $"the L1 table of {entries} entries is larger than 32 MiB");
        int coverageBits = ClusterBits + ClusterBits - EntryBits;
        long needed = coverageBits >= 63 ? 1 : (Size >> coverageBits) + ((Size & ((1L << coverageBits) - 1)) != 0 ? 1 : 0);
        if (entries < needed)
            throw Bad(36, needed > MaxL1Bytes / 8 ? "Image is too big" : $"L1 table is too small: {entries} entries where the virtual size needs {needed}");
        L1Entries = (int)entries;
        L1Offset = Table(40, "L1 table", entries * 8L, fileLength);
        uint clusters = U32(56);
        if ((clusters == 0 && !_forCheck) || clusters > MaxRefcountTableBytes >> ClusterBits)
            throw Bad(56, $"the refcount table of {clusters} clusters is empty or larger than 8 MiB");
        RefcountTableClusters = (int)clusters;
        RefcountTableOffset = Table(RefcountTableField, "refcount table", (long)clusters << ClusterBits, fileLength);
        uint snapshots = U32(60);
        if (_forCheck)
            return;
        if (snapshots > MaxSnapshots)
            throw Bad(60, $"{snapshots} internal snapshots are more than {MaxSnapshots}");
        SnapshotCount = (int)snapshots;
        SnapshotsOffset = snapshots == 0 ? 0 : Table(64, "snapshot table", snapshots * 40L, fileLength);
    }

    private long Table(int field, string name, long bytes, long fileLength)
    {
        ulong offset = U64(field);
        if (bytes == 0 && offset == 0)
            return 0;
        if (offset % (ulong)ClusterSize != 0)
            throw Bad(field, $"the {name} at 0x{offset:x} is not aligned to a cluster");
        if (_forCheck && offset <= (ulong)(MaxAddress - bytes))
            return (long)offset;
        if (bytes == 0)
            return 0;
        if (offset == 0 || offset > (ulong)(MaxAddress - bytes) || (long)offset >= fileLength)
            throw Bad(field, $"the {name} at 0x{offset:x} lies outside the file");
        if (bytes > fileLength + ClusterSize - (long)offset)
            throw Bad(field, $"the {name} at 0x{offset:x} of {bytes} bytes runs past the end of the file");
        return (long)offset;
    }

    private void ParseBackingName()
    {
        ulong offset = U64(8);
        uint length = U32(16);
        if (offset == 0)
            return;
        if (length > 1023)
            throw Bad(16, $"the backing file's name of {length} bytes is longer than 1023");
        if (offset < 72 || offset > (ulong)ClusterSize || length > (ulong)ClusterSize - offset)
            throw Bad(8, "the backing file's name lies outside the first cluster");
        if (length != 0)
            BackingName = Encoding.UTF8.GetString(_bytes.AsSpan((int)offset, (int)length));
    }
}
