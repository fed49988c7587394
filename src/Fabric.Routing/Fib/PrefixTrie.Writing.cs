using System.Numerics;

namespace Fabric.Routing.Fib;

/// <content>Changing the tree: one thread at a time. Each step works on its own copy of an element and says what has become of it; whoever
/// holds the element stores it.</content>
internal sealed partial class PrefixTrie
{
    private const int DirectWorth = 50_000;
    private const int DirectDropped = 25_000;
    private int _countV4;

    internal PrefixTrie()
    {
        Prepare();
        uint anchors = _elements.Allocate(Anchors);
        uint roots = _elements.Allocate(Anchors);
        _elements.Items[anchors + AnchorV4] = TrieElement.Path(default, roots);
        _elements.Items[anchors + AnchorV6] = TrieElement.Path(default, roots + 1);
    }

    /// <summary>What has become of an element.</summary>
    private enum Outcome
    {
        /// <summary>Nothing that is not stored already.</summary>
        None,

        /// <summary>Its link is another one, which can be stored in place.</summary>
        Link,

        /// <summary>It is another one: its block has to be copied.</summary>
        Whole,

        /// <summary>Nothing is left of it.</summary>
        Gone,
    }

    /// <summary>Gives a prefix an entry, in place of the one it had.</summary>
    /// <returns>False when the prefix had one already.</returns>
    internal bool Put(bool isV4, in TrieKey key, RouteKind kind, NextHop[] nextHops)
    {
        Prepare();
        ForwardingEntry?[] entries = _entries.Items;
        uint number = _entries.Acquire(kind, nextHops);

        // Readers that have the shorter array do not find the new number in it: they search again.
        if (_entries.Items != entries)
            Interlocked.Increment(ref _generation);
        return Change(isV4, in key, number) == 0;
    }

    /// <summary>Takes a prefix and its entry out.</summary>
    /// <returns>False when it has none.</returns>
    internal bool Remove(bool isV4, in TrieKey key)
    {
        Prepare();
        return Change(isV4, in key, 0) != 0;
    }

    private uint Change(bool isV4, in TrieKey key, uint entry)
    {
        Update update = new(in key, entry);
        Apply(isV4, ref update);
        int more = (entry == 0 ? 0 : 1) - (update.Before == 0 ? 0 : 1);
        if (isV4)
            ChangeDirect(in key, more);
        else
            ChangeJumps(in key, more);
        _entries.Release(update.Before);
        return update.Before;
    }

    private void ChangeDirect(in TrieKey key, int more)
    {
        _countV4 += more;
        _direct?.Changed(in key);
        if (_countV4 < DirectDropped)
            _direct = null;
        else if (_countV4 >= DirectWorth && _direct is null)
            Volatile.Write(ref _direct, new DirectIndex(this));
    }

    private void Apply(bool isV4, ref Update update)
    {
        uint anchor = isV4 ? AnchorV4 : AnchorV6;
        uint root = _elements.Items[anchor].Target;
        TrieElement node = _elements.Items[root];
        Outcome outcome = ApplyToNode(ref node, 0, ref update);
        if (outcome == Outcome.Link)
            Volatile.Write(ref _elements.Items[root].Link, node.Link);
        else if (outcome != Outcome.None)
            Relink(anchor, _elements.Replace(root, 1, 0, node));
    }

    private void Relink(uint place, uint target)
    {
        TrieElement element = _elements.Items[place];
        element.SetTarget(target);
        Volatile.Write(ref _elements.Items[place].Link, element.Link);
    }

    private Outcome Apply(ref TrieElement element, int level, ref Update update) =>
        element.IsNode ? ApplyToNode(ref element, level, ref update)
        : element.IsLeaf ? ApplyToLeaf(ref element, level, ref update)
        : ApplyToPath(ref element, level, ref update);

    private Outcome ApplyToNode(ref TrieElement node, int level, ref Update update)
    {
        if (update.Key.Level == level)
            return ApplyToResult(ref node, level, ref update);
        int chunk = update.Key.Chunk(level);
        uint rank = TrieElement.Rank(node.First, chunk);
        if (((node.First >> chunk) & 1) == 0)
        {
            if (update.Entry == 0)
                return Outcome.None;
            AddChild(ref node, chunk, TrieElement.Leaf(in update.Key, update.Entry));
            return Outcome.Whole;
        }

        uint place = node.Target + rank;
        TrieElement child = _elements.Items[place];
        switch (Apply(ref child, level + 1, ref update))
        {
            case Outcome.Link:
                Volatile.Write(ref _elements.Items[place].Link, child.Link);
                return Outcome.None;
            case Outcome.Whole:
                node.SetTarget(_elements.Replace(node.Target, node.Children, rank, child));
                return Outcome.Link;
            case Outcome.Gone:
                node.SetChildren(node.First & ~(1UL << chunk), _elements.Remove(node.Target, node.Children, rank));
                return Shrink(ref node, level, in update.Key);
            default:
                return Outcome.None;
        }
    }

    private Outcome ApplyToResult(ref TrieElement node, int level, ref Update update)
    {
        int bit = update.Key.Result;
        uint rank = TrieElement.Rank(node.Second, bit);
        bool isThere = ((node.Second >> bit) & 1) != 0;
        if (isThere)
            update.Before = _results.Items[node.Results + rank];
        if (isThere && update.Entry != 0)
        {
            Volatile.Write(ref _results.Items[node.Results + rank], update.Entry);
            return Outcome.None;
        }

        if (isThere)
        {
            node.SetResults(node.Second & ~(1UL << bit), _results.Remove(node.Results, node.ResultCount, rank));
            return Shrink(ref node, level, in update.Key);
        }

        if (update.Entry == 0)
            return Outcome.None;
        AddResult(ref node, bit, update.Entry);
        return Outcome.Whole;
    }

    private Outcome ApplyToLeaf(ref TrieElement leaf, int level, ref Update update)
    {
        if (leaf.Key.Length == update.Key.Length && leaf.Key.Bits == update.Key.Bits)
        {
            update.Before = leaf.Target;
            leaf.SetTarget(update.Entry);
            return update.Entry == 0 ? Outcome.Gone : Outcome.Link;
        }

        if (update.Entry == 0)
            return Outcome.None;
        TrieKey key = leaf.Key;
        leaf = Fork(level, key.Parting(in update.Key), in leaf, in key, in update);
        return Outcome.Whole;
    }

    private Outcome ApplyToPath(ref TrieElement path, int level, ref Update update)
    {
        TrieKey key = path.Key;
        int end = key.Level;
        int parting = key.Parting(in update.Key);
        uint target = path.Target;
        TrieElement node = _elements.Items[target];
        if (parting < end && update.Entry == 0)
            return Outcome.None;
        if (parting < end)
        {
            if (parting + 1 == end)
                _elements.Retire(target, 1);
            path = Fork(level, parting, parting + 1 == end ? node : path, in key, in update);
            return Outcome.Whole;
        }

        switch (ApplyToNode(ref node, end, ref update))
        {
            case Outcome.Link:
                Volatile.Write(ref _elements.Items[target].Link, node.Link);
                return Outcome.None;
            case Outcome.Whole when node.IsNode:
                path.SetTarget(_elements.Replace(target, 1, 0, node));
                return Outcome.Link;
            case Outcome.Whole:
                _elements.Retire(target, 1);
                path = node;
                return Outcome.Whole;
            default:
                return Outcome.None;
        }
    }

    /// <summary>A node where an element and a new prefix part, with the way to it.</summary>
    private TrieElement Fork(int level, int parting, in TrieElement old, in TrieKey oldKey, in Update update)
    {
        TrieElement node = default;
        if (old.IsLeaf && oldKey.Level == parting)
            AddResult(ref node, oldKey.Result, old.Target);
        else
            AddChild(ref node, oldKey.Chunk(parting), old);
        if (update.Key.Level == parting)
            AddResult(ref node, update.Key.Result, update.Entry);
        else
            AddChild(ref node, update.Key.Chunk(parting), TrieElement.Leaf(in update.Key, update.Entry));
        if (parting == level)
            return node;
        uint place = _elements.Allocate(1);
        _elements.Items[place] = node;
        return TrieElement.Path(new TrieKey(update.Key.Bits, TrieKey.Depth(parting)), place);
    }

    /// <summary>Replaces a node that has lost something by what is simpler: a leaf, or a path to its only child.</summary>
    private Outcome Shrink(ref TrieElement node, int level, in TrieKey key)
    {
        if (level == 0 || node.Children + node.ResultCount > 1)
            return Outcome.Whole;
        if (node.Children + node.ResultCount == 0)
            return Outcome.Gone;
        if (node.ResultCount == 1)
        {
            _results.Retire(node.Results, 1);
            TrieKey only = key.WithResult(level, BitOperations.Log2(node.Second));
            node = TrieElement.Leaf(in only, _results.Items[node.Results]);
            return Outcome.Whole;
        }

        uint target = node.Target;
        TrieElement child = _elements.Items[target];
        if (!child.IsNode)
            _elements.Retire(target, 1);
        node = child.IsNode ? TrieElement.Path(key.WithChunk(level, BitOperations.Log2(node.First)), target) : child;
        return Outcome.Whole;
    }

    private void AddChild(ref TrieElement node, int chunk, TrieElement child)
    {
        uint rank = TrieElement.Rank(node.First, chunk);
        node.SetChildren(node.First | (1UL << chunk), _elements.Insert(node.Target, node.Children, rank, child));
    }

    private void AddResult(ref TrieElement node, int bit, uint entry)
    {
        uint rank = TrieElement.Rank(node.Second, bit);
        node.SetResults(node.Second | (1UL << bit), _results.Insert(node.Results, node.ResultCount, rank, entry));
    }

    /// <summary>What is to be done, and what was there.</summary>
    private struct Update(in TrieKey key, uint entry)
    {
        /// <summary>The prefix.</summary>
        internal readonly TrieKey Key = key;

        /// <summary>Its new entry; 0 to take it out.</summary>
        internal readonly uint Entry = entry;

        /// <summary>Its former entry; 0 for none.</summary>
        internal uint Before;
    }
}
