using System.Runtime.CompilerServices;

namespace Fabric.Routing.Fib;

/// <summary>A shortcut for large IPv4 tables: entries by the first 24 bits of the destination, where there are prefixes.</summary>
/// <remarks>
/// <para>For each /16 there is the entry of the longest prefix up to /16, and a page of 256 cells for its /24s: 0 where no prefix longer
/// than /16 covers it, an entry, or <see cref="Ask"/> where the tree must be asked because there are prefixes longer than /24. A /16
/// without prefixes longer than itself shares one page. So a change of a short prefix touches no page, and a look-up takes two loads that
/// do not depend on what others found: the processor overlaps the look-ups of a burst. The pages of prefixes that lie one by one in many
/// a /16 take some 35 MB, which is much for 50,000 of them and little for a million.</para>
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

    private const int PageLength = 1 << (CellBits - ShortBits);
    private static readonly ushort[] s_nothing = new ushort[PageLength];
    private readonly ushort[][] _pages = new ushort[1 << ShortBits][];
    private readonly uint[] _short = new uint[1 << ShortBits];
    private readonly int[] _prefixes = new int[1 << ShortBits];
    private readonly PrefixTrie _tree;
    private int _ownPages;

    internal DirectIndex(PrefixTrie tree)
    {
        _tree = tree;
        Array.Fill(_pages, s_nothing);
        FillShort(0, _short.Length);
        tree.Visit(Count);
        for (int page = 0; page < _pages.Length; page++)
            Choose(page);
    }

    /// <summary>Bytes held.</summary>
    internal long Bytes => (_pages.Length * (long)(nint.Size + sizeof(uint) + sizeof(int))) + (_ownPages * (long)((PageLength * sizeof(ushort)) + 24));

    /// <summary>The entry for a destination, where the index knows it.</summary>
    /// <param name="destination">IPv4.</param>
    /// <param name="number">0 for none.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal bool TryFind(uint destination, out uint number)
    {
        uint cell = _pages[destination >> 16][(byte)(destination >> 8)];

        // No branch on the cell: half of the destinations may have none, and which half nobody can guess.
        uint other = _short[destination >> 16] & (uint)((int)(cell - 1) >> 31);
        number = cell | other;
        return cell != Ask;
    }

    /// <summary>A prefix has come, has gone or has another entry; the tree says so already.</summary>
    /// <param name="key">The prefix.</param>
    /// <param name="more">1, -1 or 0.</param>
    internal void Changed(in TrieKey key, int more)
    {
        uint address = (uint)(key.Bits >> 96);
        int page = (int)(address >> 16);
        if (key.Length <= ShortBits)
        {
            FillShort(page, 1 << (ShortBits - key.Length));
            return;
        }

        _prefixes[page] += more;
        if (more != 0 && Choose(page))
            return;
        if (IsOwn(_pages[page]))
            Fill(_pages[page], page, (byte)(address >> 8), 1 << Math.Max(0, CellBits - key.Length));
    }


    private static bool IsOwn(ushort[] page) => page != s_nothing;

    private void Count(TrieKey key)
    {
        if (key.Length > ShortBits)
            _prefixes[(int)(key.Bits >> 112)]++;
    }

    /// <summary>Gives a /16 the kind of page it is worth.</summary>
    /// <returns>True when it is another one now.</returns>
    private bool Choose(int page)
    {
        ushort[] before = _pages[page];
        ushort[] after = _prefixes[page] == 0 ? s_nothing : IsOwn(before) ? before : new ushort[PageLength];
        if (before == after)
            return false;
        if (IsOwn(after))
            Fill(after, page, 0, PageLength);
        _ownPages += (IsOwn(after) ? 1 : 0) - (IsOwn(before) ? 1 : 0);
        Volatile.Write(ref _pages[page], after);
        return true;
    }

    private void FillShort(int first, int count)
    {
        for (int i = first; i < first + count; i++)
            _short[i] = _tree.FindShort((uint)i << 16);
    }

    private void Fill(ushort[] cells, int page, int first, int count)
    {
        for (int i = first; i < first + count; i++)
        {
            uint number = _tree.FindMiddle(((uint)page << 16) | ((uint)i << 8));
            cells[i] = (ushort)Math.Min(number, Ask);
        }
    }
}
