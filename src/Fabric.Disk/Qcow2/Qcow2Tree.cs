using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Fabric.Disk.Storage;

namespace Fabric.Disk.Qcow2;

/// <summary>How the tables of an image lie: what an operation on the whole mapping needs to know of the header, and bounded reads.</summary>
/// <remarks>Entries of an L2 table are one word, or two with extended L2 (the second says which subclusters are there). With an external
/// data file only tables are counted, not data.</remarks>
internal sealed class Qcow2Tree(FileStore store, Qcow2Header header)
{
    /// <summary>Cluster size as a power of two.</summary>
    public int ClusterBits => header.ClusterBits;

    /// <summary>64-bit words of one L2 entry, 1 or 2.</summary>
    public int EntryWords { get; } = (header.Incompatible & IncompatibleFeatures.ExtendedL2) != 0 ? 2 : 1;

    /// <summary>True when guest data stands in another file, uncounted.</summary>
    public bool HasDataFile { get; } = (header.Incompatible & IncompatibleFeatures.ExternalData) != 0;

    /// <summary>Words of one L2 table.</summary>
    public int TableWords => 1 << (header.ClusterBits - 3);

    /// <summary>What one L1 entry maps, as a power of two.</summary>
    public int TableBits => header.ClusterBits + header.ClusterBits - 3 - (EntryWords - 1);

    /// <summary>L1 entries that a virtual size needs.</summary>
    public long L1EntriesFor(long size) => TableBits >= 63 ? 1 : (size >> TableBits) + ((size & ((1L << TableBits) - 1)) != 0 ? 1 : 0);

    /// <summary>Clusters that so many bytes take.</summary>
    public long Clusters(long bytes) => (bytes + (1L << header.ClusterBits) - 1) >> header.ClusterBits;

    /// <summary>Reads a table whose length was capped already.</summary>
    /// <returns>Its words in the processor's byte order.</returns>
    /// <exception cref="DiskException">It cannot be read.</exception>
    public ulong[] Read(long offset, int words)
    {
        ulong[] table = new ulong[words];
        Read(offset, table);
        return table;
    }

    /// <summary>Reads a table into a buffer of its length, in the processor's byte order.</summary>
    /// <exception cref="DiskException">It cannot be read.</exception>
    public void Read(long offset, Span<ulong> table)
    {
        if (store.Read(offset, MemoryMarshal.AsBytes(table)) != DiskStatus.Ok)
            throw new DiskException(store.Path, "a table cannot be read", offset);
        BinaryPrimitives.ReverseEndianness(table, table);
    }

    /// <summary>Writes a table.</summary>
    /// <exception cref="DiskException">It cannot be written.</exception>
    public void Write(long offset, ReadOnlySpan<ulong> table)
    {
        ulong[] stored = new ulong[table.Length];
        BinaryPrimitives.ReverseEndianness(table, stored);
        DiskStatus status = store.Write(offset, MemoryMarshal.AsBytes(stored.AsSpan()));
        if (status != DiskStatus.Ok)
            throw new DiskException(store.Path, status == DiskStatus.NoSpace ? "no space left for a table" : "a table cannot be written", offset);
    }

    /// <summary>The counted clusters that an L2 entry refers to.</summary>
    /// <param name="entry">First word of the entry.</param>
    /// <param name="first">The first cluster.</param>
    /// <returns>How many; 0 for none.</returns>
    public int References(ulong entry, out long first)
    {
        first = 0;
        if ((entry & L2Entry.CompressedBit) != 0)
        {
            long start = L2Entry.CompressedRange(entry, header.ClusterBits, out int length);
            first = start >> header.ClusterBits;
            return (int)(((start + length - 1) >> header.ClusterBits) - first) + 1;
        }

        first = (long)(entry & L2Entry.OffsetMask) >> header.ClusterBits;
        return HasDataFile || (entry & L2Entry.OffsetMask) == 0 ? 0 : 1;
    }

    /// <summary>True when the place that an L1 or uncompressed L2 entry names is not at a cluster's begin.</summary>
    public bool IsUnaligned(ulong entry) => (entry & L2Entry.OffsetMask & ((1UL << header.ClusterBits) - 1)) != 0;
}
