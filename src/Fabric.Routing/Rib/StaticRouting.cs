using Fabric.Routing.Protocols;
using Fabric.Wire;

namespace Fabric.Routing.Rib;

// Static routing
//
// The operator's routes, and which of them can be used now. A route goes into the table while at least one of its next hops can be
// reached and, where it is tracked, its target answers; of several for a network the one with the smallest distance, the first written
// among equals.
//
// A next hop is found in this order. With an interface: there, while it is up. A gateway alone: on the link of an interface that is up;
// otherwise over the best route of the longest prefix that it lies in, whose own next hops take its place. Some routes are passed over in
// that: the default one, because everything would lie in it; that of the same network; and static ones that were found this way
// themselves, because routes could then lead to each other in a circle. So each is one step away from what is connected or learned.
//
// Tracking: the target is asked once per interval. It should have a way of its own, such as being on a link: where the only way to it
// is the tracked route, the route never comes to be.
//
// Standards: RFC 1812, 7.4 and F.1; distances and tracking are custom, not standard.

/// <summary>The operator's routes in a router, as one of its protocols; it says and hears nothing.</summary>
/// <remarks>Every call is made under the router's control lock.</remarks>
/// <param name="options">How targets are tracked.</param>
/// <param name="probe">Asks them; null where no route is tracked.</param>
public sealed class StaticRouting(TrackingOptions options, IReachabilityProbe? probe) : IRoutingProtocol
{
    private const long NanosecondsPerTick = 100;
    private readonly List<StaticRoute> _routes = [];
    private readonly Dictionary<int, RouterInterface> _interfaces = [];
    private readonly Dictionary<IpAddress, TrackedTarget> _targets = [];
    private readonly HashSet<IpPrefix> _recursive = [];
    private IProtocolHost? _host;

    /// <inheritdoc/>
    public string Name => "static";

    /// <inheritdoc/>
    public ushort Port => 0;

    /// <inheritdoc/>
    public long Due { get; private set; } = long.MaxValue;

    /// <summary>All of them, used or not, in the order they were written.</summary>
    public IReadOnlyList<StaticRoute> Routes => _routes;

    /// <summary>Adds a route.</summary>
    /// <param name="route">The route.</param>
    /// <exception cref="RoutingException">It cannot be a route, or cannot be tracked.</exception>
    public void Add(StaticRoute route)
    {
        Check(route);
        _routes.Add(route);
        if (route.Track is { } target)
            Track(target);
        Refresh(route.Prefix);
    }

    /// <summary>Takes a route out.</summary>
    /// <param name="route">The one that was added.</param>
    /// <returns>False when there is none.</returns>
    public bool Remove(StaticRoute route)
    {
        if (!_routes.Remove(route))
            return false;
        if (route.Track is { } address && --_targets[address].Routes == 0)
            _targets.Remove(address);
        Schedule();
        Refresh(route.Prefix);
        return true;
    }

    /// <inheritdoc/>
    public void Start(IProtocolHost host)
    {
        _host = host;
        foreach (TrackedTarget target in _targets.Values)
            target.Next = host.Now;
        Schedule();
        RefreshAll();
    }

    /// <inheritdoc/>
    public void InterfaceChanged(RouterInterface @interface)
    {
        _interfaces[@interface.Index] = @interface;
        RefreshAll();
    }

    /// <inheritdoc/>
    public void InterfaceRemoved(RouterInterface @interface)
    {
        _interfaces.Remove(@interface.Index);
        RefreshAll();
    }

    /// <summary>Looks again at the routes whose gateways may have another way now.</summary>
    /// <inheritdoc/>
    public void RouteChanged(IpPrefix prefix, Route? before, Route? after)
    {
        if (prefix.Length == 0)
            return;
        foreach (IpPrefix concerned in _routes.Where(route => IsFoundOver(route, prefix)).Select(route => route.Prefix).Distinct().ToArray())
            Refresh(concerned);
    }

    /// <summary>Nothing is listened to.</summary>
    /// <inheritdoc/>
    public void Accept(in Datagram datagram)
    {
    }

    /// <inheritdoc/>
    public void Tick()
    {
        if (_host is not { } host)
            return;
        foreach (TrackedTarget target in _targets.Values.Where(target => target.Next <= host.Now).ToArray())
        {
            if (target.Conclude(options))
                RefreshTracked(target.Address);
            target.Next = host.Now + (options.Interval.Ticks * NanosecondsPerTick);
            probe!.Ask(target.Address, Answered);
        }

        Schedule();
    }

    /// <inheritdoc/>
    public void Stop()
    {
        foreach (IpPrefix prefix in _routes.Select(route => route.Prefix))
            _host?.Routes.Withdraw(RouteSource.Static, prefix);
        _host = null;
        Due = long.MaxValue;
    }

    private static bool IsFoundOver(StaticRoute route, IpPrefix prefix)
    {
        foreach (StaticNextHop hop in route.NextHops)
        {
            if (hop is { Interface: null, Gateway: { } gateway } && prefix.Contains(gateway) && prefix != route.Prefix)
                return true;
        }

        return false;
    }

    private void Check(StaticRoute route)
    {
        string what = $"static route to {route.Prefix}";
        if (route.Prefix != route.Prefix.Network)
            throw new RoutingException($"{what}: bits are set behind the length; write {route.Prefix.Network}");
        if (route.Kind == RouteKind.Unicast ? route.NextHops.Count is 0 or > Route.MaxNextHops : route.NextHops.Count != 0)
            throw new RoutingException($"{what}: a route that leads on has 1 to {Route.MaxNextHops} next hops, any other has none");
        if (route.Distance == 0)
            throw new RoutingException($"{what}: distance 0 is for connected networks; the least is 1");
        if (route.Track is not null && probe is null)
            throw new RoutingException($"{what}: it tracks {route.Track}, and nothing here can ask; leave that out");
        foreach (StaticNextHop hop in route.NextHops)
        {
            if (hop is { Gateway: null, Interface: null } || (hop.Gateway is { } gateway && gateway.IsV4 != route.Prefix.IsV4))
                throw new RoutingException($"{what}: a next hop has a gateway of the same family, an interface, or both");
            if (hop is { Interface: null, Gateway: { IsV4: false, IsLinkLocal: true } })
                throw new RoutingException($"{what}: {hop.Gateway} may be on any link; say on which interface");
        }
    }

    private void Track(IpAddress address)
    {
        if (!_targets.TryGetValue(address, out TrackedTarget? target))
        {
            target = new TrackedTarget(address) { Next = _host?.Now ?? 0 };
            _targets.Add(address, target);
        }

        target.Routes++;
        if (_host is null)
            return;
        Schedule();
        _host.Hurry();
    }

    private void Answered(IpAddress target)
    {
        if (_targets.TryGetValue(target, out TrackedTarget? tracked))
            tracked.Answered();
    }

    private void Schedule() => Due = _targets.Count == 0 ? long.MaxValue : _targets.Values.Min(target => target.Next);

    private void RefreshTracked(IpAddress target)
    {
        foreach (IpPrefix prefix in _routes.Where(route => route.Track == target).Select(route => route.Prefix).Distinct().ToArray())
            Refresh(prefix);
    }

    private void RefreshAll()
    {
        foreach (IpPrefix prefix in _routes.Select(route => route.Prefix).Distinct().ToArray())
            Refresh(prefix);
    }

    /// <summary>Puts the route of a network that is to be used now into the table, or takes it out.</summary>
    private void Refresh(IpPrefix prefix)
    {
        if (_host is not { } host)
            return;
        Route? best = null;
        bool bestIsRecursive = false;
        foreach (StaticRoute route in _routes.Where(route => route.Prefix == prefix))
        {
            if ((best is null || route.Distance < best.Distance) && TryResolve(route, out NextHop[] hops, out bool isRecursive))
                (best, bestIsRecursive) = (new Route(prefix, RouteSource.Static, route.Distance, 0, route.Tag, route.Kind, hops), isRecursive);
        }

        bool changes = bestIsRecursive ? _recursive.Add(prefix) : _recursive.Remove(prefix);
        if (best is null)
            host.Routes.Withdraw(RouteSource.Static, prefix);
        else
            host.Routes.Update(best);

        // Another gateway may or may not be found over it now, though it leads the same way.
        if (changes)
            RouteChanged(prefix, null, best);
    }

    private bool TryResolve(StaticRoute route, out NextHop[] hops, out bool isRecursive)
    {
        List<NextHop> found = [];
        isRecursive = false;
        foreach (StaticNextHop hop in route.NextHops)
            isRecursive |= Resolve(route.Prefix, hop, found);
        hops = [.. found.Distinct().Take(Route.MaxNextHops)];
        return (route.Track is not { } target || _targets[target].IsReachable) && (route.Kind != RouteKind.Unicast || hops.Length > 0);
    }

    /// <returns>True when it was found over another route.</returns>
    private bool Resolve(IpPrefix prefix, StaticNextHop hop, List<NextHop> found)
    {
        IpAddress gateway = hop.Gateway ?? (prefix.IsV4 ? IpAddress.AnyV4 : IpAddress.AnyV6);
        if (hop.Interface is { } number)
        {
            if (_interfaces.TryGetValue(number, out RouterInterface? own) && own.IsUp)
                found.Add(new NextHop(number, gateway));
            return false;
        }

        RouterInterface? link = _interfaces.Values.FirstOrDefault(link => link.IsUp && !link.IsLoopback && link.IsOnLink(gateway) && !link.IsOwn(gateway));
        if (link is not null)
        {
            found.Add(new NextHop(link.Index, gateway));
            return false;
        }

        if (_interfaces.Values.Any(link => link.IsOwn(gateway)) || FindOver(prefix, gateway) is not { } over)
            return false;
        found.AddRange(over.NextHops.Select(next => next.IsOnLink ? next with { Gateway = gateway } : next));
        return true;
    }

    private Route? FindOver(IpPrefix own, IpAddress gateway)
    {
        for (int length = gateway.IsV4 ? 32 : 128; length > 0; length--)
        {
            IpPrefix prefix = new IpPrefix(gateway, length).Network;
            if (prefix == own)
                continue;
            foreach (Route route in _host!.Routes.FindAll(prefix))
            {
                if (route.Distance != Route.Unusable && !(route.Source == RouteSource.Static && _recursive.Contains(prefix)))
                    return route.Kind == RouteKind.Unicast ? route : null;
            }
        }

        return null;
    }
}
