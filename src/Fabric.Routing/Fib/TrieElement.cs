using System.Numerics;
using System.Runtime.CompilerServices;

namespace Fabric.Routing.Fib;

/// <summary>One element of a <see cref="PrefixTrie"/>: a node, a path to a node further down, or a leaf. 24 bytes.</summary>
/// <remarks>
/// <para>A node stands for six bits of the address. <c>First</c> has a bit for each of its 64 possible children; <c>Second</c> has a bit
/// for each of the 63 prefixes that can end in it: bit 2^r + v is the one whose last r bits (0 … 5) are v. Children and results lie side by
/// side in blocks of their own; <see cref="Link"/> says where.</para>
/// <para>A path or a leaf holds an address, left-aligned in <c>First</c> and <c>Second</c>, and how many of its bits a destination must
/// share for the search to go on at a node, or to end with an entry.</para>
/// </remarks>
internal struct TrieElement
{
    /// <summary>What changes in place and must not be read torn: bits 0 … 31 where children begin, a path's node, or a leaf's entry;
    /// bits 32 … 61 where results begin, or bits to compare; bit 63: not a node; bit 62: a leaf.</summary>
    internal ulong Link;

    private const ulong PathMark = 1UL << 63;
    private const ulong LeafMark = 1UL << 62;

    internal ulong First { get; private set; }

    internal ulong Second { get; private set; }

    internal readonly bool IsNode => (long)Link >= 0;

    internal readonly bool IsLeaf => IsLeafLink(Link);

    /// <summary>First child, a path's node, or a leaf's entry.</summary>
    internal readonly uint Target => (uint)Link;

    /// <summary>First result of a node.</summary>
    internal readonly uint Results => (uint)(Link >> 32);

    /// <summary>Bits to compare of a path or leaf.</summary>
    internal readonly int Length => (byte)(Link >> 32);

    /// <summary>The address of a path or leaf.</summary>
    internal readonly TrieKey Key => new(new UInt128(First, Second), Length);

    internal readonly int Children => BitOperations.PopCount(First);

    internal readonly int ResultCount => BitOperations.PopCount(Second);

    internal static TrieElement Leaf(in TrieKey key, uint entry) => Compare(in key, PathMark | LeafMark | entry);

    internal static TrieElement Path(in TrieKey key, uint node) => Compare(in key, PathMark | node);

    internal static bool IsLeafLink(ulong link) => link >= (PathMark | LeafMark);

    /// <summary>Bits set below a bit: the place of its child or result in its block.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static uint Rank(ulong map, int bit) => (uint)BitOperations.PopCount(map & ((1UL << bit) - 1));

    /// <summary>Tells whether an address shares the bits of a path or leaf.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal readonly bool Contains(ulong high, ulong low)
    {
        int length = Length;
        return length <= 64
            ? length == 0 || (high ^ First) >> (64 - length) == 0
            : high == First && (low ^ Second) >> (128 - length) == 0;
    }

    internal void SetTarget(uint target) => Link = (Link & 0xFFFF_FFFF_0000_0000) | target;

    internal void SetChildren(ulong map, uint first)
    {
        First = map;
        SetTarget(first);
    }

    internal void SetResults(ulong map, uint first)
    {
        Second = map;
        Link = ((ulong)first << 32) | Target;
    }

    private static TrieElement Compare(in TrieKey key, ulong link) =>
        new() { First = (ulong)(key.Bits >> 64), Second = (ulong)key.Bits, Link = link | ((ulong)key.Length << 32) };
}
