using System.Diagnostics.CodeAnalysis;
using Fabric.Wire;

namespace Fabric.Routing.Rib;

/// <summary>How a <see cref="RouteTable"/> keeps its routes: for each prefix one object, which is the route where there is one, and an
/// array, the preferred first, where there are several. The prefix itself stands in the routes only.</summary>
internal sealed class RouteSlots : IEqualityComparer<object>, IAlternateEqualityComparer<IpPrefix, object>
{
    private readonly HashSet<object> _slots;
    private readonly HashSet<object>.AlternateLookup<IpPrefix> _byPrefix;

    internal RouteSlots()
    {
        _slots = new HashSet<object>(this);
        _byPrefix = _slots.GetAlternateLookup<IpPrefix>();
    }

    /// <summary>Prefixes.</summary>
    internal int Count => _slots.Count;

    /// <summary>One for each prefix, in an order that depends on what has come and gone alone.</summary>
    internal IEnumerable<object> All => _slots;

    /// <inheritdoc/>
    public int GetHashCode(IpPrefix alternate) => alternate.GetHashCode();

    /// <inheritdoc/>
    public int GetHashCode([DisallowNull] object obj) => GetHashCode(First(obj).Prefix);

    /// <inheritdoc/>
    public bool Equals(IpPrefix alternate, object other) => First(other).Prefix == alternate;

    /// <inheritdoc/>
    public new bool Equals(object? x, object? y) => x is not null && y is not null && First(x).Prefix == First(y).Prefix;

    /// <inheritdoc/>
    object IAlternateEqualityComparer<IpPrefix, object>.Create(IpPrefix alternate) =>
        throw new NotSupportedException("A prefix alone is no route.");

    /// <summary>The preferred route of a slot.</summary>
    internal static Route First(object slot) => slot as Route ?? ((Route[])slot)[0];

    /// <summary>All routes of a slot, the preferred first.</summary>
    internal static Route[] Routes(object slot) => slot as Route[] ?? [(Route)slot];

    internal bool TryGet(IpPrefix prefix, [NotNullWhen(true)] out object? slot) => _byPrefix.TryGetValue(prefix, out slot);

    /// <summary>Puts a prefix's routes in place of those it had.</summary>
    /// <param name="prefix">The network.</param>
    /// <param name="routes">None to take it out.</param>
    internal void Set(IpPrefix prefix, ReadOnlySpan<Route> routes)
    {
        // What is taken out leaves its place to what is put in next, so that the order stays.
        _byPrefix.Remove(prefix);
        if (routes.Length > 0)
            _slots.Add(routes.Length == 1 ? routes[0] : routes.ToArray());
    }
}
