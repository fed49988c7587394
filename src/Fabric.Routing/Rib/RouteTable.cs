using Fabric.Wire;

namespace Fabric.Routing.Rib;

/// <summary>The routing information base of a router: what all sources know, and for each prefix the route that is preferred.</summary>
/// <remarks>Belongs to the router's control side: every call is made under its lock.</remarks>
public sealed class RouteTable
{
    private readonly RouteSlots _slots = new();
    private readonly List<IRouteWatcher> _watchers = [];
    private readonly SourceTally[] _tallies = [.. Enum.GetValues<RouteSource>().Select(_ => new SourceTally())];

    /// <summary>Prefixes with at least one route.</summary>
    public int Count => _slots.Count;

    /// <summary>Every route of every source; the preferred one of a prefix first. The table must not change meanwhile.</summary>
    public IEnumerable<Route> Routes => _slots.All.SelectMany(RouteSlots.Routes);

    /// <summary>The preferred route of every prefix that has one. The table must not change meanwhile.</summary>
    public IEnumerable<Route> Best => _slots.All.Select(RouteSlots.First).Where(IsUsable);

    /// <summary>Has a watcher told of every change from now on.</summary>
    /// <param name="watcher">Told in the order of subscription.</param>
    public void Subscribe(IRouteWatcher watcher) => _watchers.Add(watcher);

    /// <summary>Sets how many routes a source may have; those it has already stay.</summary>
    /// <param name="source">The source.</param>
    /// <param name="routes">None may be 0; <see cref="int.MaxValue"/> unless set.</param>
    public void SetLimit(RouteSource source, int routes) => _tallies[(int)source].Limit = routes;

    /// <summary>Routes that a source has now.</summary>
    /// <param name="source">The source.</param>
    public int CountOf(RouteSource source) => _tallies[(int)source].Count;

    /// <summary>Routes of a source that <see cref="Update"/> has refused.</summary>
    /// <param name="source">The source.</param>
    public long RefusedOf(RouteSource source) => _tallies[(int)source].Refused;

    /// <summary>The route that is preferred for exactly this prefix; null when there is none.</summary>
    /// <param name="prefix">The network.</param>
    public Route? Find(IpPrefix prefix) => _slots.TryGet(prefix, out object? slot) && IsUsable(RouteSlots.First(slot)) ? RouteSlots.First(slot) : null;

    /// <summary>Every source's route for exactly this prefix, the preferred one first.</summary>
    /// <param name="prefix">The network.</param>
    public IReadOnlyList<Route> FindAll(IpPrefix prefix) => RoutesOf(prefix);

    /// <summary>Puts a route in, in place of the one that its source had for its prefix.</summary>
    /// <param name="route">The route.</param>
    /// <returns>False when it is refused and counted: its source has as many as it may, its prefix has bits set behind its length or is none
    /// at all, or its next hops are too many or too few for its kind. What the source had for the prefix stays.</returns>
    public bool Update(Route route)
    {
        SourceTally tally = _tallies[(int)route.Source];
        Route[] before = RoutesOf(route.Prefix);
        bool isNew = !Array.Exists(before, other => other.Source == route.Source);
        if (!IsValid(route) || (isNew && tally.Count >= tally.Limit))
        {
            tally.Refused++;
            return false;
        }

        tally.Count += isNew ? 1 : 0;
        Route[] others = Array.FindAll(before, other => other.Source != route.Source);
        int place = Array.FindIndex(others, other => IsBetter(route, other));
        Replace(route.Prefix, place < 0 ? [.. others, route] : [.. others[..place], route, .. others[place..]]);
        return true;
    }

    /// <summary>Takes a source's route out.</summary>
    /// <param name="source">The source.</param>
    /// <param name="prefix">The network.</param>
    /// <returns>False when the source has none for the prefix.</returns>
    public bool Withdraw(RouteSource source, IpPrefix prefix)
    {
        Route[] before = RoutesOf(prefix);
        if (!Array.Exists(before, route => route.Source == source))
            return false;
        _tallies[(int)source].Count--;
        Replace(prefix, Array.FindAll(before, route => route.Source != source));
        return true;
    }

    private static bool IsUsable(Route route) => route.Distance != Route.Unusable;

    private static bool IsBetter(Route one, Route other) =>
        (one.Distance, one.Metric, one.Source).CompareTo((other.Distance, other.Metric, other.Source)) < 0;

    private static bool IsValid(Route route)
    {
        IpPrefix prefix = route.Prefix;
        return prefix.Length >= 0 && prefix.Length <= (prefix.IsV4 ? 32 : 128) && prefix == prefix.Network
            && (route.Kind == RouteKind.Unicast ? route.NextHops.Length is > 0 and <= Route.MaxNextHops : route.NextHops.Length == 0);
    }

    private Route[] RoutesOf(IpPrefix prefix) => _slots.TryGet(prefix, out object? slot) ? RouteSlots.Routes(slot) : [];

    private void Replace(IpPrefix prefix, ReadOnlySpan<Route> routes)
    {
        Route? before = Find(prefix);
        _slots.Set(prefix, routes);
        Route? after = Find(prefix);
        if (before is null ? after is null : before.IsSameAs(after))
            return;
        foreach (IRouteWatcher watcher in _watchers)
            watcher.RouteChanged(prefix, before, after);
    }

    private sealed class SourceTally
    {
        internal int Count { get; set; }

        internal int Limit { get; set; } = int.MaxValue;

        internal long Refused { get; set; }
    }
}
