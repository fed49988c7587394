using System.Numerics;
using System.Runtime.CompilerServices;

namespace Fabric.Overlay;

/// <summary>Where the stations of a segment are: MAC address → remote VTEP, as an open hash table of fixed size.</summary>
/// <remarks>Linear probing over twice as many slots as entries are allowed. A look-up gives up after <see cref="MaxProbes"/> slots, and an
/// entry that would lie further away is refused, so that the cost of a frame is bounded whatever addresses it carries. Not synchronised.
/// Nothing allocates after construction.</remarks>
internal sealed class StationTable
{
    private const int MaxProbes = 64;
    private const ulong Occupied = 1UL << 63;
    private readonly Slot[] _slots;
    private readonly int _shift;
    private readonly ulong _seed;
    private readonly int _most;
    private int _hand;

    /// <summary>Makes an empty table.</summary>
    /// <param name="most">Most entries.</param>
    /// <param name="seed">Scatters the addresses.</param>
    internal StationTable(int most, ulong seed)
    {
        int slots = (int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(2 * most, MaxProbes));
        _slots = new Slot[slots];
        _shift = 64 - BitOperations.Log2((uint)slots);
        _seed = seed;
        _most = most;
    }

    /// <summary>Number of entries.</summary>
    internal int Count { get; private set; }

    /// <summary>True when nothing more can be added.</summary>
    internal bool IsFull => Count == _most;

    /// <summary>All slots, for copying; free ones have key 0.</summary>
    internal ReadOnlySpan<Slot> Slots => _slots;

    /// <summary>Finds a station.</summary>
    /// <param name="address">Bits of its address.</param>
    /// <returns>The entry, or a null reference.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal ref Slot Find(ulong address)
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

    /// <summary>Adds a station that is not there yet.</summary>
    /// <param name="address">Bits of its address.</param>
    /// <param name="remote">Index of its VTEP.</param>
    /// <param name="now">Time in seconds.</param>
    /// <param name="isStatic">Whether it stays.</param>
    /// <returns>False when the table is full, or so many addresses collide that the entry could not be found again.</returns>
    internal bool TryAdd(ulong address, int remote, uint now, bool isStatic)
    {
        if (IsFull)
            return false;
        ulong key = address | Occupied;
        for (int probe = 0, index = Home(key); probe < MaxProbes; probe++, index++)
        {
            ref Slot slot = ref _slots[index & (_slots.Length - 1)];
            if (slot.Key != 0)
                continue;
            slot = new Slot { Key = key, Remote = (ushort)remote, Seen = now, IsStatic = isStatic };
            Count++;
            return true;
        }

        return false;
    }

    /// <summary>Removes every entry that matches.</summary>
    /// <param name="matches">Asked once for each entry, or twice for one that is shifted.</param>
    /// <returns>Number removed.</returns>
    internal int RemoveWhere<TMatch>(TMatch matches)
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
    internal void Remove(ref Slot slot) => RemoveAt((int)(Unsafe.ByteOffset(ref _slots[0], ref slot) / Unsafe.SizeOf<Slot>()));

    /// <summary>Removes one learned entry of a VTEP, each time another one in turn.</summary>
    /// <param name="remote">Index of a VTEP with at least one such entry.</param>
    internal void RemoveOneOf(int remote)
    {
        for (int searched = 0; searched < _slots.Length; searched++)
        {
            int index = _hand;
            _hand = (_hand + 1) & (_slots.Length - 1);
            if (_slots[index].Key == 0 || _slots[index].Remote != remote || _slots[index].IsStatic)
                continue;
            RemoveAt(index);
            return;
        }
    }

    private void RemoveAt(int hole)
    {
        int mask = _slots.Length - 1;
        Count--;
        for (int index = (hole + 1) & mask; _slots[index].Key != 0; index = (index + 1) & mask)
        {
            int distanceFromHome = (index - Home(_slots[index].Key)) & mask;
            int distanceFromHole = (index - hole) & mask;
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
    internal struct Slot
    {
        /// <summary>The address with the top bit set; 0 when free.</summary>
        internal ulong Key;

        /// <summary>When the last frame from it came, in seconds since the VTEP began.</summary>
        internal uint Seen;

        /// <summary>Index of the VTEP.</summary>
        internal ushort Remote;

        /// <summary>Stays whatever frames say.</summary>
        internal bool IsStatic;

        /// <summary>Bits of the address.</summary>
        internal readonly ulong Address => Key & 0xFFFF_FFFF_FFFF;
    }
}
