using System.Numerics;

namespace Fabric.Routing.Fib;

/// <content>What the <see cref="DirectIndex"/> asks of the tree, on the writer's thread.</content>
internal sealed partial class PrefixTrie
{
    /// <summary>Names every IPv4 prefix.</summary>
    internal void Visit(Action<TrieKey> visitor) => Visit(_elements.Items[_elements.Items[AnchorV4].Target], 0, default, visitor);

    /// <summary>The entry of the longest IPv4 prefix up to <see cref="DirectIndex.ShortBits"/> that contains an address; 0 for none.</summary>
    internal uint FindShort(uint address) => Find(address, -1, DirectIndex.ShortBits, out _);

    /// <summary>The entry of the longest IPv4 prefix that is longer than that and no longer than <see cref="DirectIndex.CellBits"/>; 0 for
    /// none, <see cref="DirectIndex.Ask"/> when there are longer ones below.</summary>
    internal uint FindMiddle(uint address)
    {
        uint number = Find(address, DirectIndex.ShortBits, DirectIndex.CellBits, out bool hasLonger);
        return hasLonger ? DirectIndex.Ask : number;
    }

    private void Visit(TrieElement element, int level, TrieKey key, Action<TrieKey> visitor)
    {
        if (element.IsLeaf)
        {
            visitor(element.Key);
            return;
        }

        if (!element.IsNode)
        {
            Visit(_elements.Items[element.Target], element.Key.Level, element.Key, visitor);
            return;
        }

        for (ulong left = element.Second; left != 0; left &= left - 1)
            visitor(key.WithResult(level, BitOperations.TrailingZeroCount(left)));
        uint place = element.Target;
        for (ulong left = element.First; left != 0; left &= left - 1)
            Visit(_elements.Items[place++], level + 1, key.WithChunk(level, BitOperations.TrailingZeroCount(left)), visitor);
    }

    /// <summary>Searches among the prefixes longer than one length and no longer than another.</summary>
    private uint Find(uint address, int above, int upTo, out bool hasLonger)
    {
        TrieKey key = new((UInt128)address << 96, upTo);
        uint number = 0;
        TrieElement element = _elements.Items[_elements.Items[AnchorV4].Target];
        for (int level = 0; ; level++)
        {
            if (!element.IsNode)
            {
                TrieKey stored = element.Key;
                bool fits = new TrieKey(key.Bits, Math.Min(upTo, stored.Length)).Bits == new TrieKey(stored.Bits, upTo).Bits;
                hasLonger = fits && stored.Length > upTo;
                if (fits && element.IsLeaf && stored.Length > above && stored.Length <= upTo)
                    number = element.Target;
                if (!fits || hasLonger || element.IsLeaf)
                    return number;
                level = stored.Level;
                element = _elements.Items[element.Target];
            }

            int chunk = key.Chunk(level);
            int rest = level == key.Level ? key.Result : 0;
            ulong covering = element.Second & s_ancestors[chunk] & (rest == 0 ? ulong.MaxValue : (2UL << rest) - 1);
            int best = BitOperations.Log2(covering);
            if (covering != 0 && (level * Stride) - (Stride - LeadBits) + BitOperations.Log2((uint)best) > above)
                number = _results.Items[element.Results + TrieElement.Rank(element.Second, best)];
            if (rest != 0 || ((element.First >> chunk) & 1) == 0)
            {
                hasLonger = rest != 0 && HasBelow(in element, rest);
                return number;
            }

            element = _elements.Items[element.Target + TrieElement.Rank(element.First, chunk)];
        }
    }

    /// <summary>Tells whether a node has a prefix longer than one of its own, inside it.</summary>
    private static bool HasBelow(in TrieElement node, int result)
    {
        int bits = BitOperations.Log2((uint)result);
        for (int longer = bits + 1, first = result * 2; longer <= Stride; longer++, first *= 2)
        {
            ulong map = longer < Stride ? node.Second >> first : node.First >> (first - (1 << Stride));
            if ((map & ((1UL << (1 << (longer - bits))) - 1)) != 0)
                return true;
        }

        return false;
    }
}
