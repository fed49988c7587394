using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;

namespace Fabric.Link.Stations;

/// <summary>Where stations are: the filtering database of a bridge (IEEE 802.1D-2004, 7.9), the far ends of a tunnel's stations (RFC 7348,
/// 4.1), as an open hash table of fixed size.</summary>
/// <remarks>
/// <para>Linear probing over twice as many slots as entries are allowed, sixteen bytes each. A look-up gives up after
/// <see cref="MaxProbes"/> slots, and an entry that would lie further away is refused like one that finds the table full: so the
/// cost of a frame is bounded whatever addresses it carries. Removal shifts the entries behind back; there are no tombstones.</para>
/// <para>Not synchronised: the owner calls everything under a lock of its own. Nothing allocates after construction.</para>
/// </remarks>
public sealed unsafe class StationTable
{
    /// <summary>A look-up reads at most this many slots.</summary>
    public const int MaxProbes = 64;

    private const ulong Occupied = 1UL << 63;
    private readonly Slot[] _slots;
    private readonly Slot* _first;
    private readonly int _mask;
    private readonly int _shift;
    private readonly ulong _seed;
    private readonly int _maxEntries;
    private int _hand;

    /// <summary>Makes an empty table.</summary>
    /// <param name="maxEntries">Most entries.</param>
    /// <param name="seed">Scatters the keys.</param>
    public StationTable(int maxEntries, ulong seed)
    {
        int slots = (int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(2 * maxEntries, MaxProbes));
        // SAFETY: the array is pinned and lives as long as the table; the pointer serves for prefetching only.
        _slots = GC.AllocateArray<Slot>(slots, pinned: true);
        _first = (Slot*)Marshal.UnsafeAddrOfPinnedArrayElement(_slots, 0);
        _mask = slots - 1;
        _shift = 64 - BitOperations.Log2((uint)slots);
        _seed = seed;
        _maxEntries = maxEntries;
    }

    /// <summary>Number of entries.</summary>
    public int Count { get; private set; }

    /// <summary>True when nothing more can be added.</summary>
    public bool IsFull => Count == _maxEntries;

    /// <summary>All slots, for copying.</summary>
    public ReadOnlySpan<Slot> Slots => _slots;

    /// <summary>Makes a key.</summary>
    /// <param name="vid">VLAN, 0 … 4095.</param>
    /// <param name="address">Bits of a MAC address.</param>
    public static ulong Key(int vid, ulong address) => address | (ulong)vid << 48;

    /// <summary>Fetches the line in which an entry would begin, so that it is there when <see cref="Find"/> wants it.</summary>
    /// <param name="address">Key.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Prefetch(ulong address)
    {
        if (Sse.IsSupported)
            Sse.Prefetch0(_first + Home(address | Occupied));
    }

    /// <summary>Finds an entry.</summary>
    /// <param name="address">Key: up to 60 bits, from <see cref="Key"/>.</param>
    /// <returns>The entry, or a null reference.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ref Slot Find(ulong address)
    {
        ulong key = address | Occupied;
        Slot[] slots = _slots;
        for (int probe = 0, index = Home(key); probe < MaxProbes; probe++, index++)
        {
            ref Slot slot = ref slots[index & (slots.Length - 1)];
            if (slot.Key == key)
                return ref slot;
            if (slot.Key == 0)
                break;
        }

        return ref Unsafe.NullRef<Slot>();
    }

    /// <summary>Adds an entry that is not there yet.</summary>
    /// <param name="address">Key.</param>
    /// <param name="place">Index of what it is behind, below 65,536.</param>
    /// <param name="seen">Time of the frame.</param>
    /// <param name="isFixed">Whether it stays.</param>
    /// <returns>False when the table is full, or so many keys collide that the entry could not be found again.</returns>
    public bool TryAdd(ulong address, int place, uint seen, bool isFixed = false)
    {
        Debug.Assert(Unsafe.IsNullRef(ref Find(address)), "the caller looked first");
        if (IsFull)
            return false;
        ulong key = address | Occupied;
        for (int probe = 0, index = Home(key); probe < MaxProbes; probe++, index++)
        {
            ref Slot slot = ref _slots[index & _mask];
            if (slot.Key != 0)
                continue;
            slot = new Slot { Key = key, Place = (ushort)place, Seen = seen, IsFixed = isFixed };
            Count++;
            return true;
        }

        return false;
    }

    /// <summary>Removes every entry that matches.</summary>
    /// <param name="matches">Asked once for each entry, or twice for one that is shifted.</param>
    /// <returns>Number removed.</returns>
    public int RemoveWhere<TMatch>(TMatch matches)
        where TMatch : struct, IStationMatch
    {
        // A removal shifts later entries into this slot, which is looked at again, or across the end, where all were looked at before.
        int removed = 0;
        for (int index = 0; index < _slots.Length; index++)
        {
            while (_slots[index].Key != 0 && matches.Matches(in _slots[index]))
            {
                RemoveAt(index);
                removed++;
            }
        }

        return removed;
    }

    /// <summary>Removes an entry.</summary>
    /// <param name="slot">From <see cref="Find"/>.</param>
    public void Remove(ref Slot slot) => RemoveAt((int)(Unsafe.ByteOffset(ref _slots[0], ref slot) / Unsafe.SizeOf<Slot>()));

    /// <summary>Removes one learned entry of a place, each time another one in turn.</summary>
    /// <param name="place">One with at least one such entry.</param>
    public void RemoveOneOf(int place)
    {
        for (int searched = 0; searched < _slots.Length; searched++)
        {
            int index = _hand;
            _hand = (_hand + 1) & _mask;
            if (_slots[index].Key != 0 && _slots[index].Place == place && !_slots[index].IsFixed)
            {
                RemoveAt(index);
                return;
            }
        }
    }

    private void RemoveAt(int hole)
    {
        Count--;
        for (int index = (hole + 1) & _mask; _slots[index].Key != 0; index = (index + 1) & _mask)
        {
            int distanceFromHome = (index - Home(_slots[index].Key)) & _mask;
            int distanceFromHole = (index - hole) & _mask;
            if (distanceFromHome < distanceFromHole)
                continue;
            _slots[hole] = _slots[index];
            hole = index;
        }

        _slots[hole] = default;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private int Home(ulong key)
    {
        ulong mixed = (key ^ _seed) * 0x9E37_79B9_7F4A_7C15;
        return (int)((mixed ^ (mixed >> 29)) * 0xBF58_476D_1CE4_E5B9 >> _shift);
    }

    /// <summary>A place for an entry.</summary>
    public struct Slot
    {
        /// <summary>VLAN and address with the top bit set; 0 when free.</summary>
        public ulong Key { get; internal set; }

        /// <summary>Index of the port, or of whatever else it is behind.</summary>
        public ushort Place { get; set; }

        /// <summary>Stays whatever frames say: neither ages nor moves nor makes room.</summary>
        public bool IsFixed { get; set; }

        /// <summary>When the last frame from it came, in seconds of the owner's clock.</summary>
        public uint Seen { get; set; }

        /// <summary>Bits of the MAC address.</summary>
        public readonly ulong Address => Key & 0xFFFF_FFFF_FFFF;

        /// <summary>The VLAN.</summary>
        public readonly int Vid => (int)(Key >> 48) & 0xFFF;
    }
}
