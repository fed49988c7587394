using Fabric.Routing.Rib;
using Fabric.Wire;

namespace Fabric.Routing.Fib;

/// <summary>The forwarding information base of a router: for each destination the entry of the longest prefix that it lies in
/// (RFC 1812, 5.2.4.3).</summary>
/// <remarks>Changes are made by one thread at a time, under the router's control lock; any number of threads look up meanwhile, without
/// a lock and without allocating. A search sees each change as a whole or not at all. How: <see cref="PrefixTrie"/>.</remarks>
public sealed class ForwardingTable : IRouteWatcher
{
    private readonly PrefixTrie _prefixes = new();
    private int _count;

    /// <summary>Prefixes with an entry, of both families.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>Bytes that the prefixes take, room for growth included; the entries, of which there are few, not.</summary>
    public long Bytes => _prefixes.Bytes;

    /// <summary>Finds the entry for an IPv4 destination.</summary>
    /// <param name="destination">In host byte order.</param>
    /// <returns>Null when no prefix contains it.</returns>
    public ForwardingEntry? Find(uint destination) => _prefixes.Find(destination);

    /// <summary>Finds the entry for an IPv6 destination.</summary>
    /// <param name="destination">In host byte order.</param>
    /// <returns>Null when no prefix contains it.</returns>
    public ForwardingEntry? Find(UInt128 destination) => _prefixes.Find(destination);

    /// <summary>Goes up whenever numbers found before may mean something else.</summary>
    internal long Generation => _prefixes.Generation;

    /// <summary>Finds the number of the entry for an IPv4 destination; 0 for none. It is right if <see cref="TryGet"/> says so.</summary>
    internal uint FindNumber(uint destination) => _prefixes.FindNumber(destination);

    /// <summary>Finds the number of the entry for an IPv6 destination; 0 for none. It is right if <see cref="TryGet"/> says so.</summary>
    internal uint FindNumber(UInt128 destination) => _prefixes.FindNumber(destination);

    /// <summary>The entry of a number.</summary>
    /// <param name="generation">As it was before the number was searched.</param>
    /// <param name="number">The number.</param>
    /// <param name="entry">Null for 0.</param>
    /// <returns>False when the generation is another one now, and one must search again.</returns>
    internal bool TryGet(long generation, uint number, out ForwardingEntry? entry) => _prefixes.TryGet(generation, number, out entry);

    /// <inheritdoc/>
    public void RouteChanged(IpPrefix prefix, Route? before, Route? after)
    {
        TrieKey key = TrieKey.From(prefix);
        if (after is null)
            _count -= _prefixes.Remove(prefix.IsV4, in key) ? 1 : 0;
        else
            _count += _prefixes.Put(prefix.IsV4, in key, after.Kind, after.NextHops) ? 1 : 0;
    }
}
