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
    /// <summary>Largest piece in bytes.</summary>
    public const int MaxSliceBytes = 4096;

    private readonly FileStore _store;
    private readonly L2Layout _layout;
    private readonly int _wordBits;
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
        _layout = new L2Layout(header);
        _wordBits = _layout.Words - 1;
        ClusterBits = header.ClusterBits;
        _l1Offset = header.L1Offset;
        int sliceBytes = Math.Min(header.ClusterSize, MaxSliceBytes);
        _entriesPerSlice = sliceBytes >> header.EntryBits;
        _sliceBits = ClusterBits + int.Log2(_entriesPerSlice);
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
    public int TableBits => _layout.TableBits;

    /// <summary>What one cached piece maps, as a power of two.</summary>
    public int SliceBits => _sliceBits;

    /// <summary>The active L1 table, in the processor's byte order.</summary>
    public ReadOnlySpan<ulong> L1 => _l1;

    /// <summary>True when entries wait to be written.</summary>
    public bool IsDirty => _dirty.Count != 0 || _dirtyL1Sectors.Count != 0;

    /// <summary>Judges an entry.</summary>
    /// <param name="offset">First guest byte of its cluster.</param>
    /// <param name="entry">First word.</param>
    /// <param name="bitmap">Second word, or 0.</param>
    public delegate DiskStatus EntryCheck(long offset, ulong entry, ulong bitmap);

    /// <summary>Asked for every entry of a piece that is read in; <see cref="DiskStatus.Corrupt"/> marks the image as corrupt, any other
    /// failure leaves the piece out. Null when read-only.</summary>
    public EntryCheck? Validate { get; set; }

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
        ulong bitmap = Bitmap(slice, index);
        ClusterRun run = RunIn(entry, bitmap, offset, out bool toEnd);
        bool hosted = run.HostOffset >= 0;
        long covered = run.Length;
        if (run.Kind is ClusterKind.Compressed or ClusterKind.Corrupt)
            return run with { Length = Math.Min(covered, length) };
        while (toEnd && covered < length && ++index < _entriesPerSlice)
        {
            bitmap = Bitmap(slice, index);
            ClusterRun next = RunIn(Entry(slice, index), bitmap, 0, out toEnd);
            if (next.Kind != run.Kind || (hosted && next.HostOffset != run.HostOffset + covered))
                break;
            covered += next.Length;
        }

        return run with { Length = Math.Min(covered, length) };
    }

    /// <summary>The run at an offset inside one cluster.</summary>
    private ClusterRun RunIn(ulong entry, ulong bitmap, long offset, out bool toEnd)
    {
        long inside = offset & ((1L << ClusterBits) - 1);
        int unit = (int)(inside >> _layout.UnitBits);
        ClusterKind kind = _layout.KindOf(entry, bitmap, unit);
        bool hosted = kind is ClusterKind.Owned or ClusterKind.Shared or ClusterKind.ZeroAllocated or ClusterKind.Kept;
        long end = kind is ClusterKind.Compressed or ClusterKind.Corrupt ? 1L << ClusterBits
            : (long)(unit + _layout.UnitsAlike(bitmap, unit)) << _layout.UnitBits;
        toEnd = end == 1L << ClusterBits;
        return new ClusterRun(kind, hosted ? (long)(entry & L2Entry.OffsetMask) + inside : -1, end - inside, entry);
    }

    /// <summary>Index of an offset's entry inside its piece.</summary>
    public int IndexOf(long offset) => (int)(offset >> ClusterBits) & (_entriesPerSlice - 1);

    /// <summary>Reads an entry of a piece.</summary>
    public ulong Entry(L2Slice slice, int index) => BinaryPrimitives.ReverseEndianness(Volatile.Read(ref slice.Entries[index << _wordBits]));

    /// <summary>Reads the second word of an entry, 0 where there is none.</summary>
    public ulong Bitmap(L2Slice slice, int index) =>
        _wordBits == 0 ? 0 : BinaryPrimitives.ReverseEndianness(Volatile.Read(ref slice.Entries[(index << _wordBits) + 1]));

    /// <summary>Entries in a piece.</summary>
    public int EntriesPerSlice => _entriesPerSlice;

    /// <summary>True when a piece that is not cached could be read in without writing another back first.</summary>
    public bool HasRoomLocked(long key)
    {
        int first = (int)(key % _sets) * Ways;
        for (int i = first; i < first + Ways; i++)
            if (_slots[i] is not { } slice || !slice.IsPinned)
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
            status = CheckEntries(key, victim);
        if (status == DiskStatus.Ok)
        {
            victim.Referenced = true;
            Volatile.Write(ref victim.Key, key);
            slice = victim;
        }

        Interlocked.Increment(ref victim.Version);
        return status;
    }

    private DiskStatus CheckEntries(long key, L2Slice slice)
    {
        if (Validate is not { } validate)
            return DiskStatus.Ok;
        for (int i = 0; i < _entriesPerSlice; i++)
        {
            ulong entry = Entry(slice, i);
            ulong bitmap = Bitmap(slice, i);
            DiskStatus status = (entry | bitmap) == 0 ? DiskStatus.Ok : validate((key << _sliceBits) + ((long)i << ClusterBits), entry, bitmap);
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
        Span<ulong> words = stackalloc ulong[2];
        words.Clear();
        long place = PlaceOf(offset >> _sliceBits) + (IndexOf(offset) * (8L << _wordBits));
        DiskStatus status = _store.Read(place, MemoryMarshal.AsBytes(words[.._layout.Words]), noWait);
        run = RunIn(BinaryPrimitives.ReverseEndianness(words[0]), BinaryPrimitives.ReverseEndianness(words[1]), offset, out _);
        run = run with { Length = Math.Min(run.Length, length) };
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
                L2Slice fresh = new(_entriesPerSlice << _wordBits);
                Volatile.Write(ref slot, fresh);
                return fresh;
            }

            if (slot.IsPinned)
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
        return (long)(L1For(offset) & L2Entry.OffsetMask) + (inTable << (3 + _wordBits));
    }

    /// <summary>Changes an entry.</summary>
    /// <param name="slice">The piece.</param>
    /// <param name="index">Number of the entry in it.</param>
    /// <param name="entry">First word.</param>
    /// <param name="bitmap">Second word; ignored where there is none.</param>
    public void SetLocked(L2Slice slice, int index, ulong entry, ulong bitmap)
    {
        if (_wordBits == 0)
        {
            Volatile.Write(ref slice.Entries[index], BinaryPrimitives.ReverseEndianness(entry));
        }
        else
        {
            // Readers without the lock must not pair the old word with the new one.
            Interlocked.Increment(ref slice.Version);
            Volatile.Write(ref slice.Entries[2 * index], BinaryPrimitives.ReverseEndianness(entry));
            Volatile.Write(ref slice.Entries[(2 * index) + 1], BinaryPrimitives.ReverseEndianness(bitmap));
            Interlocked.Increment(ref slice.Version);
        }

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
            DiskStatus status = _store.Write(_l1Offset + (sector * 512L), L1Sector(sector));
            if (status != DiskStatus.Ok)
                return status;
            _dirtyL1Sectors.Remove(sector);
        }

        return DiskStatus.Ok;
    }

    /// <summary>Hands every changed entry to a flush that writes it without the lock.</summary>
    public void TakeDirtyLocked(FlushRound round)
    {
        foreach (L2Slice slice in _dirty)
        {
            round.Add(PlaceOf(slice.Key), MemoryMarshal.AsBytes(slice.Entries.AsSpan()));
            slice.Dirty = false;
            slice.Writing = true;
            round.Slices.Add(slice);
        }

        _dirty.Clear();
        while (_dirtyL1Sectors.Count > 0)
        {
            int sector = _dirtyL1Sectors.Min;
            round.Add(_l1Offset + (sector * 512L), L1Sector(sector));
            round.L1Sectors.Add(sector);
            _dirtyL1Sectors.Remove(sector);
        }
    }

    /// <summary>Ends what <see cref="TakeDirtyLocked"/> began.</summary>
    /// <param name="round">The flush.</param>
    /// <param name="written">False when its entries are still to be written.</param>
    public void EndRoundLocked(FlushRound round, bool written)
    {
        foreach (L2Slice slice in round.Slices)
        {
            slice.Writing = false;
            if (written || slice.Dirty)
                continue;
            slice.Dirty = true;
            _dirty.Add(slice);
        }

        if (!written)
            _dirtyL1Sectors.UnionWith(round.L1Sectors);
    }

    private ReadOnlySpan<byte> L1Sector(int sector)
    {
        int count = Math.Min(64, _l1.Length - (sector * 64));
        for (int i = 0; i < count; i++)
            BinaryPrimitives.WriteUInt64BigEndian(_sector.AsSpan(i * 8), _l1[(sector * 64) + i]);
        return _sector.AsSpan(0, count * 8);
    }
}
