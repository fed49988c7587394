using Fabric.Wire;

namespace Fabric.Routing.Rib;

/// <summary>The routing information base of a router: what all sources know, and for each prefix the route that is preferred.</summary>
/// <remarks>Belongs to the router's control side: every call is made under its lock.</remarks>
public sealed class RouteTable
{
    private readonly Dictionary<IpPrefix, Route[]> _routes = [];
    private readonly List<IRouteWatcher> _watchers = [];

    /// <summary>Prefixes with at least one route.</summary>
    public int Count => _routes.Count;

    /// <summary>Every route of every source; the preferred one of a prefix first.</summary>
    public IEnumerable<Route> Routes => _routes.Values.SelectMany(routes => routes);

    /// <summary>The preferred route of every prefix that has one.</summary>
    public IEnumerable<Route> Best => _routes.Values.Select(routes => routes[0]).Where(IsUsable);

    /// <summary>Has a watcher told of every change from now on.</summary>
    /// <param name="watcher">Told in the order of subscription.</param>
    public void Subscribe(IRouteWatcher watcher) => _watchers.Add(watcher);

    /// <summary>The route that is preferred for exactly this prefix; null when there is none.</summary>
    /// <param name="prefix">The network.</param>
    public Route? Find(IpPrefix prefix) => _routes.TryGetValue(prefix, out Route[]? routes) && IsUsable(routes[0]) ? routes[0] : null;

    /// <summary>Puts a route in, in place of the one that its source had for its prefix.</summary>
    /// <param name="route">The route.</param>
    public void Update(Route route)
    {
        Route[] others = Others(route.Prefix, route.Source);
        int place = Array.FindIndex(others, other => IsBetter(route, other));
        Replace(route.Prefix, place < 0 ? [.. others, route] : [.. others[..place], route, .. others[place..]]);
    }

    /// <summary>Takes a source's route out.</summary>
    /// <param name="source">The source.</param>
    /// <param name="prefix">The network.</param>
    /// <returns>False when the source has none for the prefix.</returns>
    public bool Withdraw(RouteSource source, IpPrefix prefix)
    {
        if (!_routes.TryGetValue(prefix, out Route[]? routes) || !Array.Exists(routes, route => route.Source == source))
            return false;
        Replace(prefix, Others(prefix, source));
        return true;
    }

    private static bool IsUsable(Route route) => route.Distance != Route.Unusable;

    private static bool IsBetter(Route one, Route other) =>
        (one.Distance, one.Metric, one.Source).CompareTo((other.Distance, other.Metric, other.Source)) < 0;

    private Route[] Others(IpPrefix prefix, RouteSource source) =>
        _routes.TryGetValue(prefix, out Route[]? routes) ? Array.FindAll(routes, route => route.Source != source) : [];

    private void Replace(IpPrefix prefix, Route[] routes)
    {
        Route? before = Find(prefix);
        if (routes.Length == 0)
            _routes.Remove(prefix);
        else
            _routes[prefix] = routes;
        Route? after = Find(prefix);
        if (before is null ? after is null : before.IsSameAs(after))
            return;
        foreach (IRouteWatcher watcher in _watchers)
            watcher.RouteChanged(prefix, before, after);
    }
}
