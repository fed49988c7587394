using System.Collections.Concurrent;
using Fabric.Routing.Rib;
using Fabric.Wire;

namespace Fabric.Routing.Fib;

/// <summary>The forwarding information base of a router: for each destination the entry of the longest prefix that it lies in
/// (RFC 1812, 5.2.4.3).</summary>
/// <remarks>Changes are made by one thread at a time, under the router's control lock; any number of threads look up meanwhile, without
/// a lock and without allocating.</remarks>
public sealed class ForwardingTable : IRouteWatcher
{
    private readonly ConcurrentDictionary<IpPrefix, ForwardingEntry> _entries = new();

    /// <summary>Prefixes with an entry, of both families.</summary>
    public int Count => _entries.Count;

    /// <summary>Finds the entry for an IPv4 destination.</summary>
    /// <param name="destination">In host byte order.</param>
    /// <returns>Null when no prefix contains it.</returns>
    public ForwardingEntry? Find(uint destination) => Find(IpAddress.FromV4(destination), 32);

    /// <summary>Finds the entry for an IPv6 destination.</summary>
    /// <param name="destination">In host byte order.</param>
    /// <returns>Null when no prefix contains it.</returns>
    public ForwardingEntry? Find(UInt128 destination) => Find(IpAddress.FromV6(destination), 128);

    /// <inheritdoc/>
    public void RouteChanged(IpPrefix prefix, Route? before, Route? after)
    {
        if (after is null)
            _entries.TryRemove(prefix, out _);
        else
            _entries[prefix] = new ForwardingEntry(after.Kind, after.NextHops);
    }

    private ForwardingEntry? Find(IpAddress destination, int bits)
    {
        for (int length = bits; length >= 0; length--)
        {
            if (_entries.TryGetValue(new IpPrefix(destination, length).Network, out ForwardingEntry? entry))
                return entry;
        }

        return null;
    }
}
