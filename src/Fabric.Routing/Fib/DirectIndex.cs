using System.Runtime.CompilerServices;

namespace Fabric.Routing.Fib;

/// <summary>A shortcut for large IPv4 tables: entries by the first 24 bits of the destination, where there are prefixes.</summary>
/// <remarks>
/// <para>For each /24 there is a cell: 0 where no prefix longer than /16 covers it, an entry, or <see cref="Ask"/> where the tree must be
/// asked because there are prefixes longer than /24. For each /16 there is the entry of the longest prefix up to /16. So a change of a
/// short prefix touches no cells, and a look-up takes two loads that do not depend on what others found: the processor overlaps the
/// look-ups of a burst. The cells take 32 MiB of addresses, and of memory what of them was ever written, in pages of 4 KiB.</para>
/// <para>Written by the tree's writer after the tree; each cell is stored in one piece.</para>
/// </remarks>
internal sealed class DirectIndex
{
    /// <summary>The cell that sends the reader to the tree.</summary>
    internal const ushort Ask = ushort.MaxValue;

    /// <summary>Prefixes up to this length are in <see cref="_short"/>.</summary>
    internal const int ShortBits = 16;

    /// <summary>Bits that choose a cell.</summary>
    internal const int CellBits = 24;

    private readonly ushort[] _cells = new ushort[1 << CellBits];
    private readonly uint[] _short = new uint[1 << ShortBits];
    private readonly PrefixTrie _tree;

    internal DirectIndex(PrefixTrie tree)
    {
        _tree = tree;
        FillShort(0, _short.Length);
        tree.Visit(key =>
        {
            if (key.Length > ShortBits)
                Changed(in key);
        });
    }

    /// <summary>Bytes held.</summary>
    internal long Bytes => (_cells.Length * (long)sizeof(ushort)) + (_short.Length * (long)sizeof(uint));

    /// <summary>The entry for a destination, where the index knows it.</summary>
    /// <param name="destination">IPv4.</param>
    /// <param name="number">0 for none.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal bool TryFind(uint destination, out uint number)
    {
        uint cell = _cells[destination >> (32 - CellBits)];

        // No branch on the cell: half of the destinations may have none, and which half nobody can guess.
        uint other = _short[destination >> ShortBits] & (uint)((int)(cell - 1) >> 31);
        number = cell | other;
        return cell != Ask;
    }

    /// <summary>A prefix has come, has gone or has another entry; the tree says so already.</summary>
    /// <param name="key">The prefix.</param>
    internal void Changed(in TrieKey key)
    {
        uint address = (uint)(key.Bits >> 96);
        if (key.Length <= ShortBits)
            FillShort((int)(address >> ShortBits), 1 << (ShortBits - key.Length));
        else
            FillCells(address >> (32 - CellBits), 1U << Math.Max(0, CellBits - key.Length));
    }

    private void FillShort(int first, int count)
    {
        for (int i = first; i < first + count; i++)
            _short[i] = _tree.FindShort((uint)i << ShortBits);
    }

    private void FillCells(uint first, uint count)
    {
        for (uint i = first; i < first + count; i++)
            _cells[i] = (ushort)Math.Min(_tree.FindMiddle(i << (32 - CellBits)), Ask);
    }
}
