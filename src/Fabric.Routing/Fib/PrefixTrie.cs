using System.Numerics;
using System.Runtime.CompilerServices;

namespace Fabric.Routing.Fib;

/// <summary>Prefixes of both families, each with an entry; finds the longest that contains an address.</summary>
/// <remarks>
/// <para>A tree with a branch factor of 64 (tree bitmap: Eatherton, Varghese, Dittia, 2004), its nodes compressed by population count
/// and its unbranched stretches cut out. An address is read in chunks of six bits; the first chunk is the first four bits behind two
/// zeros, so that chunks end after bits 4, 10, 16, 22, 28 …: an IPv4 /16 or /24 costs few nodes, and no chunk lies in both halves of
/// an IPv6 address. Prefixes are not pushed down into leaves: each is stored once, and taking one out brings back the next shorter one.</para>
/// <para>Readers and the writer. The writer never changes what a reader may be in, but for <see cref="TrieElement.Link"/> and single
/// results, which are stored in one piece: it copies the block that changes, and then stores one link to the copy. So a reader sees the
/// tree as it was or as it is, never something between, and never waits. Blocks that were left are used again only after the generation
/// has gone up; a reader that finds it changed at the end of its search has perhaps read an overwritten block, and searches again. It
/// may have followed nonsense until then, so every index is checked, and the search has an end because links lead to older blocks or down.</para>
/// </remarks>
internal sealed partial class PrefixTrie
{
    private const uint Nonsense = uint.MaxValue;
    private const uint AnchorV4 = 0;
    private const uint AnchorV6 = 1;
    private const int Anchors = 2;
    private const int TopShift = 60;
    private const int LowTopShift = 58;
    private const int Stride = 6;
    private const int LeadBits = 4;
    private const int FirstDepth = LeadBits - Stride;
    private static readonly ulong[] s_ancestors = MakeAncestors();
    private readonly BlockPool<TrieElement> _elements = new();
    private readonly BlockPool<uint> _results = new();
    private readonly EntrySet _entries = new();
    private TrieArrays _arrays = new([], [], null);
    private DirectIndex? _direct;
    private long _generation;

    /// <summary>Goes up before anything is overwritten that a reader may be in.</summary>
    internal long Generation => Volatile.Read(ref _generation);

    /// <summary>Bytes of the tree's arrays, and of the shortcuts.</summary>
    internal long Bytes => _elements.Bytes + _results.Bytes + (_direct?.Bytes ?? 0) + (_jumps?.Bytes ?? 0);

    /// <summary>The entry of the longest IPv4 prefix; null for none.</summary>
    internal ForwardingEntry? Find(uint destination)
    {
        while (true)
        {
            long generation = Volatile.Read(ref _generation);
            if (TryGet(generation, FindNumber(destination), out ForwardingEntry? entry))
                return entry;
        }
    }

    /// <summary>The entry of the longest IPv6 prefix; null for none.</summary>
    internal ForwardingEntry? Find(UInt128 destination)
    {
        while (true)
        {
            long generation = Volatile.Read(ref _generation);
            if (TryGet(generation, FindNumber(destination), out ForwardingEntry? entry))
                return entry;
        }
    }

    /// <summary>The number of the entry of the longest IPv4 prefix; 0 for none. Nonsense when the generation goes up meanwhile.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal uint FindNumber(uint destination)
    {
        if (_direct is { } direct && direct.TryFind(destination, out uint number))
            return number;
        return TryFind((ulong)destination << 32, out number) ? number : Nonsense;
    }

    /// <summary>The number of the entry of the longest IPv6 prefix; 0 for none. Nonsense when the generation goes up meanwhile.</summary>
    internal uint FindNumber(UInt128 destination)
    {
        TrieArrays arrays = Volatile.Read(ref _arrays);
        ulong high = (ulong)(destination >> 64);
        ulong low = (ulong)destination;
        if (arrays.Jumps is { } jumps && jumps.TryFind(high, out uint place) && TryFind(arrays, place, JumpTable.Depth, high, low, out uint number) && number != 0)
            return number;
        return TryFind(arrays, arrays.Elements[AnchorV6].Target, FirstDepth, high, low, out number) ? number : Nonsense;
    }

    /// <summary>The entry of a number that was found since the generation was asked for.</summary>
    /// <returns>False when the generation is another one now, and one must search again.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal bool TryGet(long generation, uint number, out ForwardingEntry? entry)
    {
        ForwardingEntry?[] entries = _entries.Items;
        bool valid = number < (uint)entries.Length;
        entry = valid ? entries[number] : null;
        Volatile.ReadBarrier();
        return valid && generation == _generation;
    }

    /// <summary>For each chunk the results that contain it.</summary>
    private static ulong[] MakeAncestors()
    {
        ulong[] maps = new ulong[1 << Stride];
        for (int chunk = 0; chunk < maps.Length; chunk++)
        {
            for (int bits = 0; bits < Stride; bits++)
                maps[chunk] |= 1UL << ((1 << bits) + (chunk >> (Stride - bits)));
        }

        return maps;
    }

    private bool TryFind(ulong key, out uint number)
    {
        TrieArrays arrays = Volatile.Read(ref _arrays);
        TrieElement[] elements = arrays.Elements;
        number = 0;
        uint best = uint.MaxValue;
        uint place = elements[AnchorV4].Target;
        for (int shift = TopShift; place < (uint)elements.Length && shift >= 0;)
        {
            ref readonly TrieElement element = ref elements[place];
            ulong link = element.Link;
            if ((long)link < 0)
            {
                int length = (byte)(link >> 32);
                if ((key ^ element.First) >> (64 - length) != 0)
                    return TryGet(arrays.Results, best, out number);
                number = (uint)link;
                if (TrieElement.IsLeafLink(link))
                    return true;
                place = number;
                shift = LowTopShift - length;
                continue;
            }

            int chunk = (int)(key >> shift) & 63;
            ulong covering = element.Second & s_ancestors[chunk];
            if (covering != 0)
                best = (uint)(link >> 32) + TrieElement.Rank(element.Second, BitOperations.Log2(covering));
            if (((element.First >> chunk) & 1) == 0)
                return TryGet(arrays.Results, best, out number);
            place = (uint)link + TrieElement.Rank(element.First, chunk);
            shift -= Stride;
        }

        return false;
    }

    private static bool TryFind(TrieArrays arrays, uint place, int depth, ulong high, ulong low, out uint number)
    {
        TrieElement[] elements = arrays.Elements;
        number = 0;
        uint best = uint.MaxValue;
        while (place < (uint)elements.Length && depth < 128)
        {
            ref readonly TrieElement element = ref elements[place];
            ulong link = element.Link;
            if ((long)link < 0)
            {
                if (!element.Contains(high, low))
                    return TryGet(arrays.Results, best, out number);
                number = (uint)link;
                if (TrieElement.IsLeafLink(link))
                    return true;
                place = number;
                depth = element.Length;
                continue;
            }

            int chunk = ChunkAt(high, low, depth);
            ulong covering = element.Second & s_ancestors[chunk];
            if (covering != 0)
                best = (uint)(link >> 32) + TrieElement.Rank(element.Second, BitOperations.Log2(covering));
            if (((element.First >> chunk) & 1) == 0)
                return TryGet(arrays.Results, best, out number);
            place = (uint)link + TrieElement.Rank(element.First, chunk);
            depth += Stride;
        }

        return false;
    }

    /// <summary>The chunk that begins at a bit: -2, 4, 10 … 124. Behind bit 127 come bits without meaning, which no prefix reaches.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int ChunkAt(ulong high, ulong low, int depth) => depth < 64
        ? (int)(high >> (LowTopShift - depth)) & 63
        : (int)BitOperations.RotateRight(low, LowTopShift + 64 - depth) & 63;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool TryGet(uint[] results, uint best, out uint number)
    {
        number = best < (uint)results.Length ? results[best] : 0;
        return best < (uint)results.Length || best == uint.MaxValue;
    }
}
