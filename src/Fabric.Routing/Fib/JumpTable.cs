using System.Runtime.CompilerServices;

namespace Fabric.Routing.Fib;

/// <summary>A shortcut for large IPv6 tables: by the first 28 bits of a destination, where in the tree they lead.</summary>
/// <remarks>
/// <para>In the Internet's table the first four nodes on a way sort prefixes by registry and provider; the search that begins behind them
/// takes half the steps. There is a cell for each child of a node that stands for bits 22 … 27; ways on which there is none are short
/// anyway. A search that begins here and finds nothing has to begin at the root, for a shorter prefix may lie above.</para>
/// <para>Cells in an open hash table, at most half of them in use, each stored in one piece by the tree's writer. The place of a child
/// that went is <see cref="Nowhere"/>; the cell stays for the next one, so that a reader never finds another's place.</para>
/// </remarks>
internal sealed class JumpTable
{
    /// <summary>Bits that choose a cell.</summary>
    internal const int Depth = 28;

    /// <summary>The level of the nodes whose children have cells.</summary>
    internal const int Level = 4;

    /// <summary>The place of what is not there.</summary>
    internal const uint Nowhere = uint.MaxValue;

    private const int HighShift = 64 - Depth;
    private const int SmallestBits = 10;
    private const ulong Multiplier = 0x9E37_79B9_7F4A_7C15;

    // The key plus one in the upper half, the place in the lower one; 0 is free.
    private readonly ulong[] _cells;
    private readonly int _shift;
    private int _used;

    /// <summary>Makes an empty table.</summary>
    /// <param name="cells">How many cells will be used, with some to come.</param>
    internal JumpTable(int cells)
    {
        int bits = SmallestBits;
        while (1 << bits < cells * 3)
            bits++;
        _cells = new ulong[1 << bits];
        _shift = 64 - bits;
    }

    /// <summary>Cells that have been used.</summary>
    internal int Used => _used;

    /// <summary>True when another node's children might not find room.</summary>
    internal bool IsFull => _used + 64 > _cells.Length / 2;

    /// <summary>Bytes held.</summary>
    internal long Bytes => _cells.Length * (long)sizeof(ulong);

    /// <summary>Where to begin.</summary>
    /// <param name="high">The destination's upper half.</param>
    /// <param name="place">An element of the tree, behind <see cref="Depth"/> bits.</param>
    /// <returns>False when the search has to begin at the root.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal bool TryFind(ulong high, out uint place)
    {
        place = (uint)Volatile.Read(ref Cell((high >> HighShift) + 1));
        return place != 0 && place != Nowhere;
    }

    /// <summary>Says where a child is now.</summary>
    /// <param name="high">The upper half of an address below it.</param>
    /// <param name="place">Its place, which is not 0, or <see cref="Nowhere"/>.</param>
    internal void Set(ulong high, uint place)
    {
        ulong key = (high >> HighShift) + 1;
        ref ulong cell = ref Cell(key);
        if (cell == 0 && place == Nowhere)
            return;
        _used += cell == 0 ? 1 : 0;
        Volatile.Write(ref cell, (key << 32) | place);
    }

    /// <summary>The cell of a key, or a free one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ref ulong Cell(ulong key)
    {
        ulong[] cells = _cells;
        for (int at = (int)(key * Multiplier >> _shift); ; at = (at + 1) & (cells.Length - 1))
        {
            ref ulong cell = ref cells[at];
            ulong held = Volatile.Read(ref cell);
            if (held >> 32 == key || held == 0)
                return ref cell;
        }
    }
}
