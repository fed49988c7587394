using System.Numerics;

namespace Fabric.Routing.Fib;

/// <content>Keeping the <see cref="JumpTable"/>, on the writer's thread.</content>
internal sealed partial class PrefixTrie
{
    private const int JumpsWorth = 4_000;
    private const int JumpsDropped = 2_000;
    private JumpTable? _jumps;
    private int _countV6;

    private TrieElement RootV6 => _elements.Items[_elements.Items[AnchorV6].Target];

    /// <summary>An IPv6 prefix has come, has gone or has another entry; the tree says so already.</summary>
    private void ChangeJumps(in TrieKey key, int more)
    {
        _countV6 += more;
        if (_jumps is null ? _countV6 >= JumpsWorth : _countV6 < JumpsDropped || _jumps.IsFull)
        {
            MakeJumps();
            Volatile.Write(ref _arrays, new TrieArrays(_elements.Items, _results.Items, _jumps));
        }
        else if (key.Level >= JumpTable.Level)
        {
            FollowJumps(in key);
        }
    }

    /// <summary>Makes the table anew from the tree as it is, if it is worth it.</summary>
    private void MakeJumps()
    {
        bool isWorth = _countV6 >= (_jumps is null ? JumpsWorth : JumpsDropped);
        _jumps = null;
        if (!isWorth)
            return;
        int cells = 0;
        VisitJumps(RootV6, 0, 0, (_, _) => cells++);
        JumpTable jumps = new(cells);
        VisitJumps(RootV6, 0, 0, jumps.Set);
        _jumps = jumps;
    }

    /// <summary>Sets the cells of the children of the node on a prefix's way: its change can have moved no others.</summary>
    private void FollowJumps(in TrieKey key)
    {
        if (_jumps is not { } jumps)
            return;
        TrieElement node = JumpNode(in key);
        ulong high = (ulong)(new TrieKey(key.Bits, TrieKey.Depth(JumpTable.Level)).Bits >> 64);
        uint place = node.Target;
        for (int chunk = 0; chunk < 1 << Stride; chunk++)
            jumps.Set(WithChunk(high, JumpTable.Level, chunk), ((node.First >> chunk) & 1) != 0 ? place++ : JumpTable.Nowhere);
    }

    /// <summary>The node on a prefix's way whose children have cells; one without children when there is none.</summary>
    private TrieElement JumpNode(in TrieKey key)
    {
        TrieElement element = RootV6;
        int level = 0;
        while (level < JumpTable.Level || !element.IsNode)
        {
            if (element.IsNode)
            {
                int chunk = key.Chunk(level++);
                if (((element.First >> chunk) & 1) == 0)
                    return default;
                element = _elements.Items[element.Target + TrieElement.Rank(element.First, chunk)];
                continue;
            }

            TrieKey way = element.Key;
            if (element.IsLeaf || way.Level > JumpTable.Level || new TrieKey(key.Bits, way.Length).Bits != way.Bits)
                return default;
            level = way.Level;
            element = _elements.Items[element.Target];
        }

        return element;
    }

    private void VisitJumps(TrieElement element, int level, ulong high, Action<ulong, uint> visitor)
    {
        if (!element.IsNode)
        {
            TrieKey way = element.Key;
            if (!element.IsLeaf && way.Level <= JumpTable.Level)
                VisitJumps(_elements.Items[element.Target], way.Level, (ulong)(way.Bits >> 64), visitor);
            return;
        }

        uint place = element.Target;
        for (ulong left = element.First; left != 0; left &= left - 1, place++)
        {
            ulong below = WithChunk(high, level, BitOperations.TrailingZeroCount(left));
            if (level == JumpTable.Level)
                visitor(below, place);
            else
                VisitJumps(_elements.Items[place], level + 1, below, visitor);
        }
    }

    private static ulong WithChunk(ulong high, int level, int chunk) => high | ((ulong)chunk << (64 - TrieKey.Depth(level + 1)));
}
