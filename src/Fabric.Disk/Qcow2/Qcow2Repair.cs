using System.Buffers.Binary;
using Fabric.Disk.Storage;

namespace Fabric.Disk.Qcow2;

/// <summary>Makes an image with the dirty bit consistent again: counts every reference anew and corrects counts and copied bits.</summary>
/// <remarks>Who writes refcounts late (lazy refcounts) and dies leaves L1 and L2 tables right and counts wrong. The dirty bit goes last, behind
/// a barrier, so that an interrupted repair is simply done again.</remarks>
internal sealed class Qcow2Repair
{
    private const long MaxClusters = 1L << 28;
    private readonly FileStore _store;
    private readonly Qcow2Header _header;
    private readonly Qcow2Snapshots _snapshots;
    private readonly int _clusterBits;
    private readonly L2Layout _layout;
    private readonly List<uint> _counts = [];
    private readonly long _end;

    private Qcow2Repair(FileStore store, Qcow2Header header, Qcow2Snapshots snapshots)
    {
        _store = store;
        _header = header;
        _snapshots = snapshots;
        _clusterBits = header.ClusterBits;
        _layout = new L2Layout(header);
        _end = Clusters(store.Length);
        if (_end > MaxClusters)
            throw Fail("is too large to repair here", 0);
        _counts.AddRange(Enumerable.Repeat(0u, (int)_end));
    }

    /// <summary>Repairs, and clears the dirty bit.</summary>
    /// <exception cref="DiskException">The tables contradict each other in a way that lost counts do not explain.</exception>
    public static void Run(FileStore store, Qcow2Header header, Qcow2Snapshots snapshots)
    {
        if ((header.Autoclear & 1) != 0)
            throw new DiskException(store.Path, "was not closed cleanly and has bitmaps; repair it with qemu-img check -r all");
        Qcow2Repair repair = new(store, header, snapshots);
        repair.CountAll();
        repair.CorrectCounts();
        repair.CorrectCopiedBits();
        Span<byte> field = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64BigEndian(field, (ulong)(header.Incompatible & ~IncompatibleFeatures.Dirty));
        repair.Write(Qcow2Header.IncompatibleOffset, field);
        repair.Barrier();
    }

    private long Clusters(long bytes) => (bytes + (1L << _clusterBits) - 1) >> _clusterBits;

    private DiskException Fail(string message, long offset) =>
        new(_store.Path, $"was not closed cleanly, and {message}; try qemu-img check -r all", offset);

    private void Count(long offset, long bytes)
    {
        long last = Clusters(offset + bytes);
        if (offset < 0 || last > _end)
            throw Fail("names a cluster outside the file", offset);
        for (long cluster = offset >> _clusterBits; cluster < last; cluster++)
            _counts[(int)cluster]++;
    }

    private void CountAll()
    {
        Count(0, 1);
        Count(_header.RefcountTableOffset, (long)_header.RefcountTableClusters << _clusterBits);
        foreach (ulong block in ReadEntries(_header.RefcountTableOffset, _header.RefcountTableClusters << (_clusterBits - 3)))
            if (block != 0)
                Count(Aligned(block), 1);
        if (_header.SnapshotCount > 0)
            Count(_header.SnapshotsOffset, _snapshots.TableBytes);
        CountTree(_header.L1Offset, _header.L1Entries);
        foreach (Qcow2Snapshot snapshot in _snapshots.Entries)
            CountTree(snapshot.L1Offset, snapshot.L1Entries);
    }

    private void CountTree(long l1Offset, int l1Entries)
    {
        if (l1Entries == 0)
            return;
        Count(l1Offset, l1Entries * 8L);
        foreach (ulong l1 in ReadEntries(l1Offset, l1Entries))
        {
            if ((l1 & L2Entry.OffsetMask) == 0)
                continue;
            long table = Aligned(l1 & L2Entry.OffsetMask);
            Count(table, 1);
            ulong[] words = ReadEntries(table, 1 << (_clusterBits - 3));
            for (int i = 0; i < words.Length; i += _layout.Words)
                CountEntry(words[i], _layout.IsExtended ? words[i + 1] : 0, table);
        }
    }

    private void CountEntry(ulong entry, ulong bitmap, long table)
    {
        if (_layout.KindOf(entry, bitmap, 0) == ClusterKind.Corrupt)
            throw Fail("an L2 entry is impossible", table);
        if ((entry & L2Entry.CompressedBit) != 0)
        {
            long start = L2Entry.CompressedRange(entry, _clusterBits, out int length);
            long first = start >> _clusterBits << _clusterBits;
            Count(first, Math.Min(start + length, _end << _clusterBits) - first);
        }
        else if ((entry & L2Entry.OffsetMask) != 0 && !_layout.HasDataFile)
        {
            Count((long)(entry & L2Entry.OffsetMask), 1);
        }
    }

    private long Aligned(ulong offset) =>
        (offset & ((1UL << _clusterBits) - 1)) == 0 && offset <= long.MaxValue ? (long)offset : throw Fail("a table is not aligned", (long)offset);

    private ulong[] ReadEntries(long offset, int count)
    {
        byte[] bytes = new byte[count * 8];
        if (_store.Read(offset, bytes) != DiskStatus.Ok)
            throw Fail("a table cannot be read", offset);
        ulong[] entries = new ulong[count];
        for (int i = 0; i < count; i++)
            entries[i] = BinaryPrimitives.ReadUInt64BigEndian(bytes.AsSpan(i * 8));
        return entries;
    }

    private void CorrectCounts()
    {
        ulong[] table = ReadEntries(_header.RefcountTableOffset, _header.RefcountTableClusters << (_clusterBits - 3));
        int perBlockBits = _clusterBits + 3 - _header.RefcountOrder;
        ulong most = RefcountWidth.Max(_header.RefcountOrder);
        List<int> created = [];

        // New blocks go behind the file's end, where they are counted in their turn: so the list may grow while it is walked.
        for (int block = 0; (long)block << perBlockBits < _counts.Count; block++)
        {
            if (block >= table.Length)
                throw Fail("the refcount table is too small", _header.RefcountTableOffset);
            if (table[block] != 0)
                continue;
            table[block] = (ulong)_counts.Count << _clusterBits;
            _counts.Add(1);
            created.Add(block);
        }

        byte[] bytes = new byte[1 << _clusterBits];
        for (int block = 0; (long)block << perBlockBits < _counts.Count; block++)
        {
            Array.Clear(bytes);
            int first = block << perBlockBits;
            for (int i = 0; i < 1 << perBlockBits && first + i < _counts.Count; i++)
            {
                if (_counts[first + i] > most)
                    throw Fail("a cluster has more references than its count can hold", (long)(first + i) << _clusterBits);
                RefcountWidth.Set(bytes, _header.RefcountOrder, i, _counts[first + i]);
            }

            Write((long)table[block], bytes);
        }

        Barrier();
        Span<byte> entry = stackalloc byte[8];
        foreach (int block in created)
        {
            BinaryPrimitives.WriteUInt64BigEndian(entry, table[block]);
            Write(_header.RefcountTableOffset + (block * 8L), entry);
        }

        Barrier();
    }

    private void CorrectCopiedBits()
    {
        ulong[] l1 = ReadEntries(_header.L1Offset, _header.L1Entries);
        for (int i = 0; i < l1.Length; i++)
        {
            long table = (long)(l1[i] & L2Entry.OffsetMask);
            if (table == 0)
                continue;
            bool owned = CorrectCopiedBit(l1[i], _header.L1Offset + (i * 8L));
            ulong[] l2 = owned && !_layout.HasDataFile ? ReadEntries(table, 1 << (_clusterBits - 3)) : [];
            for (int j = 0; j < l2.Length; j += _layout.Words)
                if ((l2[j] & L2Entry.CompressedBit) == 0 && (l2[j] & L2Entry.OffsetMask) != 0)
                    CorrectCopiedBit(l2[j], table + (j * 8L));
        }

        Barrier();
    }

    private bool CorrectCopiedBit(ulong entry, long place)
    {
        bool owned = _counts[(int)((long)(entry & L2Entry.OffsetMask) >> _clusterBits)] == 1;
        ulong corrected = owned ? entry | L2Entry.Copied : entry & ~L2Entry.Copied;
        if (corrected != entry)
        {
            Span<byte> field = stackalloc byte[8];
            BinaryPrimitives.WriteUInt64BigEndian(field, corrected);
            Write(place, field);
        }

        return owned;
    }

    private void Write(long offset, ReadOnlySpan<byte> bytes)
    {
        if (_store.Write(offset, bytes) != DiskStatus.Ok)
            throw Fail("the repair cannot be written", offset);
    }

    private void Barrier()
    {
        if (_store.Flush() != DiskStatus.Ok)
            throw Fail("the repair cannot be brought to stable storage", 0);
    }
}
