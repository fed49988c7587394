using System.Buffers.Binary;
using System.Text;
using Fabric.Disk.Storage;

namespace Fabric.Disk.Qcow2;

/// <summary>Writes a new, empty qcow2 image: header, refcount table, refcount blocks, L1 table.</summary>
internal static class Qcow2Creator
{
    private const int OldHeaderLength = 72;
    private const int HeaderLength = 112;

    /// <summary>Fills an empty file.</summary>
    /// <param name="store">The file.</param>
    /// <param name="size">Virtual size in bytes, a multiple of 512.</param>
    /// <param name="options">What it is to be like.</param>
    /// <param name="backingName">As it is to stand in the image, or null.</param>
    /// <param name="backingFormat">Its format's name, or null to leave it out.</param>
    /// <exception cref="DiskException">A parameter does not fit the format, or the file cannot be written.</exception>
    public static void Write(FileStore store, long size, Qcow2CreateOptions options, string? backingName, string? backingFormat)
    {
        int bits = int.Log2(options.ClusterSize);
        int order = int.Log2(options.RefcountBits);
        long l1Entries = L1EntriesFor(size, bits, options.EntryBytes);
        if (l1Entries * 8 > Qcow2Header.MaxL1Bytes)
            throw new DiskException(store.Path, "The image size is too large for file format 'qcow2' (try using a larger cluster size)");
        long l1Clusters = Clusters(l1Entries * 8, bits);
        int perBlockBits = bits + 3 - order;
        Layout(l1Clusters, bits, perBlockBits, out long tableClusters, out long blocks);
        long total = 1 + tableClusters + blocks + l1Clusters;

        byte[] cluster = new byte[options.ClusterSize];
        for (long block = 0; block < blocks; block++)
        {
            Array.Clear(cluster);
            for (int i = 0; i < 1 << perBlockBits && (block << perBlockBits) + i < total; i++)
                RefcountWidth.Set(cluster, order, i, 1);
            Put(store, (1 + tableClusters + block) << bits, cluster);
        }

        byte[] table = new byte[tableClusters << bits];
        for (int block = 0; block < blocks; block++)
            BinaryPrimitives.WriteInt64BigEndian(table.AsSpan(block * 8), (1 + tableClusters + block) << bits);
        Put(store, options.ClusterSize, table);
        Put(store, (1 + tableClusters + blocks) << bits, new byte[l1Clusters << bits]);
        byte[] header = Header(store, cluster, size, options, backingName, backingFormat);
        BinaryPrimitives.WriteUInt32BigEndian(header.AsSpan(36), (uint)l1Entries);
        BinaryPrimitives.WriteInt64BigEndian(header.AsSpan(40), (1 + tableClusters + blocks) << bits);
        BinaryPrimitives.WriteInt64BigEndian(header.AsSpan(48), options.ClusterSize);
        BinaryPrimitives.WriteUInt32BigEndian(header.AsSpan(56), (uint)tableClusters);
        Put(store, 0, header);
    }

    /// <summary>Bytes of a file in which every cluster is allocated, as QEMU's <c>measure</c> counts them.</summary>
    /// <param name="size">Virtual size in bytes.</param>
    /// <param name="options">What the image is to be like.</param>
    public static long FullSize(long size, Qcow2CreateOptions options)
    {
        int bits = int.Log2(options.ClusterSize);
        long data = Clusters(size, bits);
        long l2 = Clusters(data * options.EntryBytes, bits);
        long others = 1 + data + l2 + Clusters(l2 * 8, bits);
        long table = 0;
        long blocks = 0;
        for (long last = -1; last != table + blocks;)
        {
            last = table + blocks;
            blocks = Clusters(others + last, bits + 3 - int.Log2(options.RefcountBits));
            table = Clusters(blocks * 8, bits);
        }

        return (others + table + blocks) << bits;
    }

    public static long L1EntriesFor(long size, int bits, int entryBytes)
    {
        int tableBits = (2 * bits) - int.Log2(entryBytes);
        return (size >> tableBits) + ((size & ((1L << tableBits) - 1)) != 0 ? 1 : 0);
    }

    private static long Clusters(long bytes, int bits) => (bytes + (1L << bits) - 1) >> bits;

    private static void Layout(long l1Clusters, int bits, int perBlockBits, out long tableClusters, out long blocks)
    {
        tableClusters = 1;
        blocks = 1;
        while (true)
        {
            long total = 1 + tableClusters + blocks + l1Clusters;
            long neededBlocks = Clusters(total, perBlockBits);
            long neededTable = Clusters(neededBlocks * 8, bits);
            if (neededBlocks <= blocks && neededTable <= tableClusters)
                return;
            blocks = Math.Max(blocks, neededBlocks);
            tableClusters = Math.Max(tableClusters, neededTable);
        }
    }

    private static byte[] Header(FileStore store, byte[] cluster, long size, Qcow2CreateOptions options, string? backingName, string? backingFormat)
    {
        Array.Clear(cluster);
        Span<byte> header = cluster;
        BinaryPrimitives.WriteUInt32BigEndian(header, Qcow2Header.Magic);
        BinaryPrimitives.WriteUInt32BigEndian(header[4..], (uint)options.Version);
        BinaryPrimitives.WriteInt32BigEndian(header[20..], int.Log2(options.ClusterSize));
        BinaryPrimitives.WriteInt64BigEndian(header[24..], size);
        int position = OldHeaderLength;
        if (options.Version == 3)
            position = Features(header, options);
        byte[] name = Encoding.UTF8.GetBytes(backingName ?? "");
        if (name.Length > 1023)
            throw new DiskException(store.Path, "the backing file's name is longer than 1023 bytes; use a relative one");
        byte[] format = name.Length == 0 ? [] : Encoding.UTF8.GetBytes(backingFormat ?? "");
        byte[] dataFile = Encoding.UTF8.GetBytes(options.DataFile ?? "");
        if (position + 16 + format.Length + 16 + dataFile.Length + 8 + name.Length > cluster.Length)
            throw new DiskException(store.Path, $"the names of its files do not fit into a header of {cluster.Length} bytes; use a larger cluster size");
        if (format.Length > 0)
            position = Extension(header, position, Qcow2Extension.BackingFormat, format);
        if (dataFile.Length > 0)
            position = Extension(header, position, Qcow2Extension.DataFile, dataFile);
        byte[] features = FeatureNames();
        if (options.Version == 3 && position + 8 + features.Length + 8 + name.Length <= cluster.Length)
            position = Extension(header, position, Qcow2Extension.FeatureNames, features);
        position += 8;
        if (name.Length == 0)
            return cluster;
        name.CopyTo(header[position..]);
        BinaryPrimitives.WriteInt64BigEndian(header[8..], position);
        BinaryPrimitives.WriteUInt32BigEndian(header[16..], (uint)name.Length);
        return cluster;
    }

    private static int Features(Span<byte> header, Qcow2CreateOptions options)
    {
        IncompatibleFeatures incompatible = (options.DataFile is null ? 0 : IncompatibleFeatures.ExternalData)
            | (options.Zstd ? IncompatibleFeatures.CompressionType : 0)
            | (options.ExtendedL2 ? IncompatibleFeatures.ExtendedL2 : 0);
        BinaryPrimitives.WriteUInt64BigEndian(header[Qcow2Header.IncompatibleOffset..], (ulong)incompatible);
        BinaryPrimitives.WriteUInt64BigEndian(header[Qcow2Header.CompatibleOffset..], options.LazyRefcounts ? OtherFeatures.LazyRefcounts : 0);
        BinaryPrimitives.WriteUInt64BigEndian(header[Qcow2Header.AutoclearOffset..], options.DataFileRaw ? OtherFeatures.RawExternalData : 0);
        BinaryPrimitives.WriteInt32BigEndian(header[96..], int.Log2(options.RefcountBits));
        BinaryPrimitives.WriteUInt32BigEndian(header[100..], HeaderLength);
        header[104] = options.Zstd ? Qcow2Header.ZstdCompression : (byte)0;
        return HeaderLength;
    }

    private static int Extension(Span<byte> header, int position, uint type, ReadOnlySpan<byte> data)
    {
        BinaryPrimitives.WriteUInt32BigEndian(header[position..], type);
        BinaryPrimitives.WriteUInt32BigEndian(header[(position + 4)..], (uint)data.Length);
        data.CopyTo(header[(position + 8)..]);
        return position + 8 + ((data.Length + 7) & ~7);
    }

    /// <summary>The feature name table: 48 bytes each, type, bit, name; so that older programs can say what they lack.</summary>
    internal static byte[] FeatureNames()
    {
        (byte Type, byte Bit, string Name)[] features =
        [
            (0, 0, "dirty bit"), (0, 1, "corrupt bit"), (0, 2, "external data file"), (0, 3, "compression type"),
            (0, 4, "extended L2 entries"), (1, 0, "lazy refcounts"), (2, 0, "bitmaps"), (2, 1, "raw external data"),
        ];
        byte[] table = new byte[features.Length * 48];
        for (int i = 0; i < features.Length; i++)
        {
            table[i * 48] = features[i].Type;
            table[(i * 48) + 1] = features[i].Bit;
            Encoding.ASCII.GetBytes(features[i].Name, table.AsSpan((i * 48) + 2));
        }

        return table;
    }

    private static void Put(FileStore store, long offset, ReadOnlySpan<byte> bytes)
    {
        DiskStatus status = store.Write(offset, bytes);
        if (status != DiskStatus.Ok)
            throw new DiskException(store.Path, status == DiskStatus.NoSpace ? "no space left for the new image" : "the new image cannot be written", offset);
    }
}
