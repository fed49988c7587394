using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Fabric.Disk.Storage;

namespace Fabric.Disk.Qcow2;

/// <summary>How the tables of an image lie: what an operation on the whole mapping needs to know of the header, and bounded reads.</summary>
/// <remarks>Entries of an L2 table are one word, or two with extended L2 (the second says which subclusters are there). With an external
/// data file only tables are counted, not data.</remarks>
internal sealed class Qcow2Tree(FileStore store, Qcow2Header header)
{
    private const int MaxReadWords = 1 << 17;

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
        Store(offset, stored);
    }

    /// <summary>Writes a table, and leaves its words in the file's byte order: without a copy, for a table that is read anew anyway.</summary>
    /// <exception cref="DiskException">It cannot be written.</exception>
    public void WriteLast(long offset, Span<ulong> table)
    {
        BinaryPrimitives.ReverseEndianness(table, table);
        Store(offset, table);
    }

    private void Store(long offset, ReadOnlySpan<ulong> stored)
    {
        DiskStatus status = store.Write(offset, MemoryMarshal.AsBytes(stored));
        if (status != DiskStatus.Ok)
            throw new DiskException(store.Path, status == DiskStatus.NoSpace ? "no space left for a table" : "a table cannot be written", offset);
    }

    /// <summary>How many L1 entries, from one on, name L2 tables that stand side by side, so that one read of at most 1 MiB (or one table) gets them all.</summary>
    /// <param name="l1">The L1 table.</param>
    /// <param name="first">Index of an entry that names a table.</param>
    public int TablesTogether(ReadOnlySpan<ulong> l1, int first)
    {
        ulong place = l1[first] & L2Entry.OffsetMask;
        int most = Math.Min(l1.Length - first, Math.Max(1, MaxReadWords / TableWords));
        int count = 1;
        while (count < most && (l1[first + count] & L2Entry.OffsetMask) == place + ((ulong)count << header.ClusterBits))
            count++;
        return count;
    }

    /// <summary>Finds the next run of L2 entries that refer to counted clusters.</summary>
    /// <param name="table">One L2 table, or several one behind the other.</param>
    /// <param name="at">Word to begin at; the word behind the run on return.</param>
    /// <param name="run">The run.</param>
    /// <returns>False when there is none up to the end.</returns>
    public bool NextRun(ReadOnlySpan<ulong> table, ref int at, out TreeRun run)
    {
        int words = EntryWords;
        int i = at;
        long first = 0;
        int clusters = 0;
        while (i < table.Length && (table[i] == 0 || (clusters = References(table[i], out first)) == 0))
            i += words;
        if (i >= table.Length)
        {
            run = default;
            return false;
        }

        int begin = i;
        ulong entry = table[i];
        i += words;
        if ((entry & L2Entry.CompressedBit) == 0)
        {
            // Equal flags; what is added must not carry out of the offset into them.
            ulong step = 1UL << header.ClusterBits;
            ulong last = entry | L2Entry.OffsetMask;
            while (i < table.Length && entry <= last - step && table[i] == entry + step)
            {
                entry += step;
                i += words;
            }

            clusters = (i - begin) / words;
        }

        at = i;
        run = new TreeRun(begin, (i - begin) / words, first, clusters);
        return true;
    }

    /// <summary>Sets or clears the copied bit of entries.</summary>
    /// <returns>True when one of them had it otherwise.</returns>
    public static bool Mark(Span<ulong> entries, int words, bool copied)
    {
        ulong mark = copied ? L2Entry.Copied : 0;
        ulong changed = 0;
        for (int i = 0; i < entries.Length; i += words)
        {
            ulong entry = entries[i];
            changed |= entry ^ mark;
            entries[i] = (entry & ~L2Entry.Copied) | mark;
        }

        return (changed & L2Entry.Copied) != 0;
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
