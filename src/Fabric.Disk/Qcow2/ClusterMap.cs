using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Fabric.Disk.Storage;

namespace Fabric.Disk.Qcow2;

/// <summary>The active L1 table and a bounded, set-associative cache of pieces of its L2 tables.</summary>
/// <remarks>Methods ending in <c>Locked</c> need the image's lock; <see cref="TryMap"/> needs none and is what a request in steady
/// state calls. Nothing is written to the file before <see cref="WriteDirtyLocked"/>; the caller orders it after the refcounts.</remarks>
internal sealed class ClusterMap
{
    private const int Ways = 8;
    private const int MaxSliceBytes = 4096;
    private readonly FileStore _store;
    private readonly int _version;
    private readonly ulong[] _l1;
    private readonly long _l1Offset;
    private readonly L2Slice?[] _slots;
    private readonly List<L2Slice> _dirty = [];
    private readonly SortedSet<int> _dirtyL1Sectors = [];
    private readonly byte[] _sector = new byte[512];
    private readonly int _entriesPerSlice;
    private readonly int _sliceBits;
    private readonly int _sets;
    private int _hand;

    public ClusterMap(FileStore store, Qcow2Header header, int cacheBytes)
    {
        _store = store;
        _version = header.Version;
        ClusterBits = header.ClusterBits;
        _l1Offset = header.L1Offset;
        int sliceBytes = Math.Min(header.ClusterSize, MaxSliceBytes);
        _entriesPerSlice = sliceBytes / 8;
        _sliceBits = ClusterBits + int.Log2(_entriesPerSlice);
        TableBits = ClusterBits + ClusterBits - 3;
        long pieces = (header.Size >> _sliceBits) + 1;
        long wanted = Math.Min(pieces, Math.Max(Ways, cacheBytes / sliceBytes));
        _sets = (int)((wanted + Ways - 1) / Ways);
        _slots = new L2Slice?[_sets * Ways];
        _l1 = new ulong[header.L1Entries];
        if (_store.Read(_l1Offset, MemoryMarshal.AsBytes(_l1.AsSpan())) != DiskStatus.Ok)
            throw new DiskException(store.Path, "the L1 table cannot be read", _l1Offset);
        BinaryPrimitives.ReverseEndianness(_l1, _l1);
    }

    /// <summary>Cluster size as a power of two.</summary>
    public int ClusterBits { get; }

    /// <summary>What one L1 entry maps, as a power of two.</summary>
    public int TableBits { get; }

    /// <summary>What one cached piece maps, as a power of two.</summary>
    public int SliceBits => _sliceBits;

    /// <summary>The active L1 table, in the processor's byte order.</summary>
    public ReadOnlySpan<ulong> L1 => _l1;

    /// <summary>True when entries wait to be written.</summary>
    public bool IsDirty => _dirty.Count != 0 || _dirtyL1Sectors.Count != 0;

    /// <summary>Asked for every entry of a piece that is read in; <see cref="DiskStatus.Corrupt"/> marks the image as corrupt, any other
    /// failure leaves the piece out. Null when read-only.</summary>
    public Func<ulong, DiskStatus>? Validate { get; set; }

    /// <summary>True once an entry was read that <see cref="Validate"/> refused.</summary>
    public volatile bool FoundCorrupt;

    /// <summary>The L1 entry for a guest offset.</summary>
    public ulong L1For(long offset) => Volatile.Read(ref _l1[offset >> TableBits]);

    /// <summary>Looks a mapping up in the cache, without a lock.</summary>
    /// <param name="offset">First guest byte, inside the disk.</param>
    /// <param name="length">Bytes wanted, at least 1.</param>
    /// <param name="run">The run at the offset, no longer than wanted.</param>
    /// <returns>False when the piece is not cached.</returns>
    public bool TryMap(long offset, long length, out ClusterRun run)
    {
        ulong l1 = L1For(offset);
        if ((l1 & L2Entry.OffsetMask) == 0)
        {
            long covered = (1L << TableBits) - (offset & ((1L << TableBits) - 1));
            run = new ClusterRun(ClusterKind.Unallocated, -1, Math.Min(length, covered), 0);
            return true;
        }

        long key = offset >> _sliceBits;
        if (Find(key) is { } slice)
        {
            int version = Volatile.Read(ref slice.Version);
            if ((version & 1) == 0 && slice.Key == key)
            {
                run = RunAt(slice, offset, length);
                Interlocked.MemoryBarrier();
                if (slice.Version == version)
                    return true;
            }
        }

        run = default;
        return false;
    }

    /// <summary>Finds a piece in the cache; whether it still is that piece must be checked by its version when no lock is held.</summary>
    private L2Slice? Find(long key)
    {
        int first = (int)(key % _sets) * Ways;
        for (int i = first; i < first + Ways; i++)
        {
            L2Slice? slice = Volatile.Read(ref _slots[i]);
            if (slice is null || Volatile.Read(ref slice.Key) != key)
                continue;
            if (!slice.Referenced)
                slice.Referenced = true;
            return slice;
        }

        return null;
    }

    /// <summary>The run at an offset, inside one piece.</summary>
    public ClusterRun RunAt(L2Slice slice, long offset, long length)
    {
        int index = IndexOf(offset);
        ulong entry = Entry(slice, index);
        ClusterKind kind = L2Entry.KindOf(entry, ClusterBits, _version);
        long clusterSize = 1L << ClusterBits;
        long inside = offset & (clusterSize - 1);
        long covered = clusterSize - inside;
        bool hasHost = kind is ClusterKind.Owned or ClusterKind.Shared or ClusterKind.ZeroAllocated;
        long host = hasHost ? (long)(entry & L2Entry.OffsetMask) : -1;
        if (kind is not (ClusterKind.Compressed or ClusterKind.Corrupt))
        {
            while (covered < length && ++index < _entriesPerSlice)
            {
                ulong next = Entry(slice, index);
                if (L2Entry.KindOf(next, ClusterBits, _version) != kind)
                    break;
                if (hasHost && (long)(next & L2Entry.OffsetMask) != host + inside + covered)
                    break;
                covered += clusterSize;
            }
        }

        return new ClusterRun(kind, hasHost ? host + inside : -1, Math.Min(covered, length), entry);
    }

    /// <summary>Index of an offset's entry inside its piece.</summary>
    public int IndexOf(long offset) => (int)(offset >> ClusterBits) & (_entriesPerSlice - 1);

    /// <summary>Reads an entry of a piece.</summary>
    public static ulong Entry(L2Slice slice, int index) => BinaryPrimitives.ReverseEndianness(Volatile.Read(ref slice.Entries[index]));

    /// <summary>Entries in a piece.</summary>
    public int EntriesPerSlice => _entriesPerSlice;

    /// <summary>True when a piece that is not cached could be read in without writing another back first.</summary>
    public bool HasRoomLocked(long key)
    {
        int first = (int)(key % _sets) * Ways;
        for (int i = first; i < first + Ways; i++)
            if (_slots[i] is not { Dirty: true })
                return true;
        return Find(key) is not null;
    }

    /// <summary>Brings a piece into the cache. Its L2 table must exist, and <see cref="HasRoomLocked"/> must hold.</summary>
    public DiskStatus LoadLocked(long key, bool noWait, out L2Slice? slice)
    {
        slice = Find(key);
        if (slice is not null)
            return DiskStatus.Ok;
        long at = PlaceOf(key);
        if ((L1For(key << _sliceBits) & L2Entry.OffsetMask & ((1UL << ClusterBits) - 1)) != 0)
        {
            FoundCorrupt = true;
            return DiskStatus.Corrupt;
        }

        L2Slice victim = Victim(key);
        Interlocked.Increment(ref victim.Version);
        Volatile.Write(ref victim.Key, -1);
        DiskStatus status = _store.Read(at, MemoryMarshal.AsBytes(victim.Entries.AsSpan()), noWait);
        if (status == DiskStatus.Ok)
            status = CheckEntries(victim);
        if (status == DiskStatus.Ok)
        {
            victim.Referenced = true;
            Volatile.Write(ref victim.Key, key);
            slice = victim;
        }

        Interlocked.Increment(ref victim.Version);
        return status;
    }

    private DiskStatus CheckEntries(L2Slice slice)
    {
        if (Validate is not { } validate)
            return DiskStatus.Ok;
        foreach (ulong stored in slice.Entries)
        {
            DiskStatus status = stored == 0 ? DiskStatus.Ok : validate(BinaryPrimitives.ReverseEndianness(stored));
            if (status == DiskStatus.Corrupt)
                FoundCorrupt = true;
            else if (status != DiskStatus.Ok)
                return status;
        }

        return DiskStatus.Ok;
    }

    /// <summary>Looks one cluster up in the file itself, for when the cache has no room and none can be made.</summary>
    public DiskStatus MapUncachedLocked(long offset, long length, bool noWait, out ClusterRun run)
    {
        ulong stored = 0;
        DiskStatus status = _store.Read(PlaceOf(offset >> _sliceBits) + (IndexOf(offset) * 8L), MemoryMarshal.AsBytes(new Span<ulong>(ref stored)), noWait);
        ulong entry = BinaryPrimitives.ReverseEndianness(stored);
        ClusterKind kind = L2Entry.KindOf(entry, ClusterBits, _version);
        long inside = offset & ((1L << ClusterBits) - 1);
        bool hasHost = kind is ClusterKind.Owned or ClusterKind.Shared or ClusterKind.ZeroAllocated;
        run = new ClusterRun(kind, hasHost ? (long)(entry & L2Entry.OffsetMask) + inside : -1, Math.Min(length, (1L << ClusterBits) - inside), entry);
        return status;
    }

    private L2Slice Victim(long key)
    {
        int first = (int)(key % _sets) * Ways;
        for (int turn = 0; turn < 3 * Ways; turn++)
        {
            ref L2Slice? slot = ref _slots[first + (_hand++ & (Ways - 1))];
            if (slot is null)
            {
                L2Slice fresh = new(_entriesPerSlice);
                Volatile.Write(ref slot, fresh);
                return fresh;
            }

            if (slot.Dirty)
                continue;
            if (!slot.Referenced)
                return slot;
            slot.Referenced = false;
        }

        throw new InvalidOperationException("no clean piece: HasRoomLocked was not asked");
    }

    private long PlaceOf(long key)
    {
        long offset = key << _sliceBits;
        long inTable = (offset & ((1L << TableBits) - 1)) >> ClusterBits;
        return (long)(L1For(offset) & L2Entry.OffsetMask) + (inTable * 8);
    }

    /// <summary>Changes an entry.</summary>
    public void SetLocked(L2Slice slice, int index, ulong entry)
    {
        Volatile.Write(ref slice.Entries[index], BinaryPrimitives.ReverseEndianness(entry));
        if (slice.Dirty)
            return;
        slice.Dirty = true;
        _dirty.Add(slice);
    }

    /// <summary>Gives an L1 entry a new L2 table, whose whole content is in the file already.</summary>
    public void SetL1Locked(long offset, ulong entry)
    {
        int index = (int)(offset >> TableBits);
        Volatile.Write(ref _l1[index], entry);
        _dirtyL1Sectors.Add(index / 64);
    }

    /// <summary>Writes every changed entry. The refcounts and the data behind them must be on stable storage.</summary>
    public DiskStatus WriteDirtyLocked()
    {
        while (_dirty.Count > 0)
        {
            L2Slice slice = _dirty[^1];
            DiskStatus status = _store.Write(PlaceOf(slice.Key), MemoryMarshal.AsBytes(slice.Entries.AsSpan()));
            if (status != DiskStatus.Ok)
                return status;
            slice.Dirty = false;
            _dirty.RemoveAt(_dirty.Count - 1);
        }

        while (_dirtyL1Sectors.Count > 0)
        {
            int sector = _dirtyL1Sectors.Min;
            int count = Math.Min(64, _l1.Length - (sector * 64));
            for (int i = 0; i < count; i++)
                BinaryPrimitives.WriteUInt64BigEndian(_sector.AsSpan(i * 8), _l1[(sector * 64) + i]);
            DiskStatus status = _store.Write(_l1Offset + (sector * 512L), _sector.AsSpan(0, count * 8));
            if (status != DiskStatus.Ok)
                return status;
            _dirtyL1Sectors.Remove(sector);
        }

        return DiskStatus.Ok;
    }
}
