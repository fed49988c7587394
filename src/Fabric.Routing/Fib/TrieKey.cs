using System.Numerics;
using Fabric.Wire;

namespace Fabric.Routing.Fib;

/// <summary>A prefix as the tree reads it: its bits left-aligned, of either family.</summary>
/// <param name="bits">The address; what stands behind the length does not count.</param>
/// <param name="length">0 … 128.</param>
internal readonly struct TrieKey(UInt128 bits, int length)
{
    private const int Stride = 6;
    private const int LeadingZeros = 2;

    internal UInt128 Bits { get; } = length == 0 ? UInt128.Zero : bits & (UInt128.MaxValue << (128 - length));

    internal int Length { get; } = length;

    /// <summary>The level of the node that the prefix ends in.</summary>
    internal int Level => (Length + LeadingZeros) / Stride;

    /// <summary>The place of the prefix in that node's map of results.</summary>
    internal int Result
    {
        get
        {
            int rest = (Length + LeadingZeros) % Stride;
            return (1 << rest) + (Chunk(Level) >> (Stride - rest));
        }
    }

    internal static TrieKey From(IpPrefix prefix) =>
        new(prefix.IsV4 ? (UInt128)prefix.Address.V4 << 96 : prefix.Address.Bits, prefix.Length);

    /// <summary>Bits in front of a level's chunk.</summary>
    internal static int Depth(int level) => Math.Max(0, (Stride * level) - LeadingZeros);

    /// <summary>A prefix that ends in the node that this one leads to on a level.</summary>
    internal TrieKey WithResult(int level, int result)
    {
        int rest = BitOperations.Log2((uint)result);
        return With(level, rest, result - (1 << rest));
    }

    /// <summary>The prefix that leads to a child of the node that this one leads to on a level.</summary>
    internal TrieKey WithChunk(int level, int chunk) => With(level, Stride, chunk);

    /// <summary>The six bits that choose a child on a level.</summary>
    internal int Chunk(int level)
    {
        int end = Depth(level) + (level == 0 ? Stride - LeadingZeros : Stride);
        return (int)(uint)(end > 128 ? Bits << (end - 128) : Bits >> (128 - end)) & 63;
    }

    /// <summary>The first level on which two prefixes part, or on which one of them ends.</summary>
    internal int Parting(in TrieKey other)
    {
        int common = (int)UInt128.LeadingZeroCount(Bits ^ other.Bits);
        return Math.Min((common + LeadingZeros) / Stride, Math.Min(Level, other.Level));
    }

    private TrieKey With(int level, int bits, int value)
    {
        int end = (Stride * level) - LeadingZeros + bits;
        return new TrieKey(new TrieKey(Bits, Depth(level)).Bits | ((UInt128)(uint)value << (128 - end)), end);
    }
}
