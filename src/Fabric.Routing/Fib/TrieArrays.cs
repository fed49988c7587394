namespace Fabric.Routing.Fib;

/// <summary>The arrays of a <see cref="PrefixTrie"/>, which belong together: what a reader takes at the beginning of its search.</summary>
internal sealed class TrieArrays(TrieElement[] elements, uint[] results, JumpTable? jumps)
{
    /// <summary>Nodes, paths and leaves; the first two are the ways to the roots of both families.</summary>
    internal TrieElement[] Elements { get; } = elements;

    /// <summary>Numbers of entries.</summary>
    internal uint[] Results { get; } = results;

    /// <summary>Places among the elements; null in a small table.</summary>
    internal JumpTable? Jumps { get; } = jumps;
}
