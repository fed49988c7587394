using System.Runtime.InteropServices;
using Fabric.Wire;

namespace Fabric.Routing.Rip;

/// <content>Routes: learned, refreshed, dying, the router's own.</content>
public sealed partial class RipProcess
{
    private const int SharedSets = 1024;
    private readonly Dictionary<int, NextHop[]> _sharedHops = [];

    /// <summary>A route of the router's own, as it is to be told.</summary>
    private readonly record struct OwnRoute(RipOrigin Origin, byte Metric, ushort Tag, byte Distance, NextHop? NextHop);

    /// <summary>Takes what a neighbour tells of a network (RFC 2453, 3.9.2; RFC 2080, 2.4.2).</summary>
    /// <param name="from">The neighbour.</param>
    /// <param name="address">The network, valid.</param>
    /// <param name="length">Bits of its prefix.</param>
    /// <param name="metric">With the link's cost: 2 … 16.</param>
    /// <param name="tag">The tag.</param>
    /// <param name="gateway">The next hop.</param>
    /// <param name="now">The present.</param>
    private RipDrop? Learn(RipNeighbor from, IpAddress address, int length, byte metric, ushort tag, IpAddress gateway, long now)
    {
        int place = _table.Find(address, length, from.Guess);
        from.Guess = place + 1;
        if (place == RipTable.None)
        {
            if (metric == RipView.Infinity)
                return null;
            if (_table.Count >= _options.RouteLimit)
                return RipDrop.RouteLimit;
            place = _table.Add(address, length);
            _table[place].Metric = RipView.Infinity;
        }

        ref RipRoute route = ref _table[place];
        if (route.FirstPath != RipTable.None)
        {
            // Nearly always: the only path, told of again.
            ref RipPath first = ref _table.Path(route.FirstPath);
            if (first.Neighbor == from.Number && first.Next == RipTable.None && route.Metric == metric && route.Tag == tag && first.Gateway == gateway)
            {
                first.Expires = now + from.Link.Timeout;
                return null;
            }
        }

        if (route.IsOwn && route.Distance <= from.Distance)
            return null;
        RipPath path = new() { Gateway = gateway, Neighbor = from.Number, Interface = from.Link.Index, Expires = now + from.Link.Timeout };
        int known = _table.FindPath(place, from.Number);
        if (known != RipTable.None)
            Hear(place, known, path, metric, tag);
        else if (metric < route.Metric || (route.IsOwn && metric != RipView.Infinity))
            Replace(place, path, metric, tag);
        else if (metric == route.Metric && metric != RipView.Infinity)
            Join(place, path, tag, now);
        return null;
    }

    /// <summary>The route's own neighbour speaks of it: whatever it says holds.</summary>
    private void Hear(int place, int known, in RipPath path, byte metric, ushort tag)
    {
        ref RipRoute route = ref _table[place];
        bool alone = _table.Path(route.FirstPath).Next == RipTable.None;
        if (metric == RipView.Infinity || (metric > route.Metric && !alone))
        {
            Lose(place, known);
        }
        else if (metric != route.Metric || (tag != route.Tag && alone))
        {
            Replace(place, path, metric, tag);
        }
        else if (tag != route.Tag)
        {
            Lose(place, known);
        }
        else
        {
            ref RipPath old = ref _table.Path(known);
            bool same = old.Gateway == path.Gateway;
            old.Gateway = path.Gateway;
            old.Expires = path.Expires;
            if (!same)
                Publish(place);
        }
    }

    /// <summary>Another neighbour offers the same metric: one more path, or one instead of a path that has grown old (RFC 2453, 3.9.2).</summary>
    private void Join(int place, in RipPath path, ushort tag, long now)
    {
        ref RipRoute route = ref _table[place];
        if (route.Tag == tag && _table.PathCount(place) < _options.MaxPaths)
        {
            AddPath(place, path);
            Tell(place);
            return;
        }

        for (int old = route.FirstPath; old != RipTable.None; old = _table.Path(old).Next)
        {
            RipPath other = _table.Path(old);
            if (other.Expires - now >= _byIndex[other.Interface].Timeout / 2)
                continue;
            if (route.Tag != tag)
            {
                Replace(place, path, route.Metric, tag);
                return;
            }

            RemovePath(place, old);
            AddPath(place, path);
            Tell(place);
            return;
        }
    }

    /// <summary>The route has this path alone from now on.</summary>
    private void Replace(int place, in RipPath path, byte metric, ushort tag)
    {
        ClearPaths(place);
        ref RipRoute route = ref _table[place];
        route.Origin = RipOrigin.Learned;
        route.Metric = metric;
        route.Tag = tag;
        AddPath(place, path);
        Tell(place);
    }

    /// <summary>A path is gone.</summary>
    private void Lose(int place, int path)
    {
        long garbage = _byIndex[_table.Path(path).Interface].Garbage;
        RemovePath(place, path);
        if (_table[place].FirstPath == RipTable.None)
            Die(place, garbage);
        else
            Tell(place);
    }

    /// <summary>A route is not reachable any more; it is told of as such for a while.</summary>
    private void Die(int place, long garbage)
    {
        ref RipRoute route = ref _table[place];
        bool learned = !route.IsOwn;
        IpPrefix prefix = route.Prefix;
        ClearPaths(place);
        route.Origin = RipOrigin.Learned;
        route.Metric = RipView.Infinity;
        route.Forget = _host.Now + garbage;
        _scan = Math.Min(_scan, route.Forget);
        SetChanged(place);
        if (learned)
            _host.Routes.Withdraw(RouteSource.Rip, prefix);
    }

    /// <summary>Looks for what has come to its end, and when the next end is.</summary>
    private void Scan(long now)
    {
        _scan = long.MaxValue;
        for (int place = 0; place < _table.End; place++)
        {
            if (!_table[place].IsUsed)
                continue;
            int path = _table[place].FirstPath;
            while (path != RipTable.None)
            {
                int next = _table.Path(path).Next;
                long expires = _table.Path(path).Expires;
                if (expires <= now)
                    Lose(place, path);
                else
                    _scan = Math.Min(_scan, expires);
                path = next;
            }

            if (!_table[place].IsDead || _table[place].IsOwn)
                continue;
            if (_table[place].Forget <= now)
                Remove(place);
            else
                _scan = Math.Min(_scan, _table[place].Forget);
        }
    }

    private void Remove(int place)
    {
        if (_table[place].IsChanged)
            _changed.Remove(place);
        _table.Remove(place);
    }

    /// <summary>Takes all paths by a neighbour away, and the neighbour.</summary>
    private void Forget(RipNeighbor neighbor)
    {
        for (int place = 0; neighbor.Routes != 0 && place < _table.End; place++)
        {
            int path = _table.FindPath(place, neighbor.Number);
            if (path != RipTable.None)
                Lose(place, path);
        }

        _neighbors[neighbor.Number] = null;
        neighbor.Link.Neighbors.Remove(neighbor.Address);
    }

    /// <summary>Makes the table say of a network of the router's own what is true now.</summary>
    private void Originate(IpPrefix prefix)
    {
        OwnRoute? wanted = OwnOf(prefix);
        int place = _table.Find(prefix.Address, prefix.Length);
        if (wanted is not { } own)
        {
            if (place != RipTable.None && _table[place].IsOwn)
                Die(place, Garbage);
            return;
        }

        if (place == RipTable.None)
            place = _table.Add(prefix.Address, prefix.Length);
        else if (IsTold(place, own))
            return;
        bool learned = _table[place].FirstPath != RipTable.None && !_table[place].IsOwn;
        ClearPaths(place);
        ref RipRoute route = ref _table[place];
        route.Origin = own.Origin;
        route.Metric = own.Metric;
        route.Tag = own.Tag;
        route.Distance = own.Distance;
        if (own.NextHop is { } hop)
            _table.AddPath(place, new RipPath { Gateway = hop.Gateway, Interface = hop.Interface, Neighbor = RipTable.None, Expires = long.MaxValue });
        SetChanged(place);
        if (learned)
            _host.Routes.Withdraw(RouteSource.Rip, prefix);
    }

    private bool IsTold(int place, in OwnRoute own)
    {
        ref RipRoute route = ref _table[place];
        int path = route.FirstPath;
        NextHop? hop = path == RipTable.None ? null : new NextHop(_table.Path(path).Interface, _table.Path(path).Gateway);
        return route.Origin == own.Origin && route.Metric == own.Metric && route.Tag == own.Tag && route.Distance == own.Distance && hop == own.NextHop;
    }

    private OwnRoute? OwnOf(IpPrefix prefix)
    {
        foreach (RipLink link in _links)
        {
            if (link.IsActive && Array.IndexOf(link.Networks, prefix) >= 0)
                return new OwnRoute(RipOrigin.Network, 1, 0, 0, new NextHop(link.Index, _options.IsNg ? IpAddress.AnyV6 : IpAddress.AnyV4));
        }

        Route? best = _host.Routes.Find(prefix);
        if (best?.Source == RouteSource.Rip)
            best = null;
        if (prefix.Length == 0 && _options.DefaultRoute is { } offer && (offer.Always || best != null))
            return new OwnRoute(RipOrigin.Default, offer.Metric, offer.Tag, 0, null);
        if (best == null || !_options.Redistribute.TryAnnounce(best, out uint? metric, out uint tag))
            return null;
        byte told = (byte)Math.Clamp(metric ?? _options.DefaultMetric, 1, RipView.Infinity);
        return new OwnRoute(RipOrigin.Redistributed, told, (ushort)tag, best.Distance, best.NextHops.Length == 0 ? null : best.NextHops[0]);
    }

    /// <summary>Every network that may be the router's own, or is told of as such.</summary>
    private List<IpPrefix> OwnPrefixes()
    {
        List<IpPrefix> prefixes = [_options.IsNg ? IpPrefix.DefaultV6 : IpPrefix.DefaultV4];
        foreach (ref RipRoute route in _table.Routes)
        {
            if (route.IsUsed && route.IsOwn)
                prefixes.Add(route.Prefix);
        }

        prefixes.AddRange(_host.Routes.Best.Where(route => IsOfFamily(route.Prefix) && route.Source != RouteSource.Rip).Select(route => route.Prefix));
        return prefixes;
    }

    private void AddPath(int place, in RipPath path)
    {
        _table.AddPath(place, path);
        _neighbors[path.Neighbor]!.Routes++;
        _scan = Math.Min(_scan, path.Expires);
    }

    private void RemovePath(int place, int path)
    {
        int number = _table.Path(path).Neighbor;
        if (number != RipTable.None)
            _neighbors[number]!.Routes--;
        _table.RemovePath(place, path);
    }

    private void ClearPaths(int place)
    {
        while (_table[place].FirstPath != RipTable.None)
            RemovePath(place, _table[place].FirstPath);
    }

    /// <summary>A learned route has changed: the router and the neighbours are to know.</summary>
    private void Tell(int place)
    {
        SetChanged(place);
        Publish(place);
    }

    private void SetChanged(int place)
    {
        ref RipRoute route = ref _table[place];
        if (!route.IsChanged)
        {
            route.IsChanged = true;
            _changed.Add(place);
        }

        if (_trigger == long.MaxValue)
            _trigger = _host.Now + TriggerDelay();
    }

    /// <summary>Puts a learned route into the router's table. What the table tells in turn may change this one.</summary>
    private void Publish(int place)
    {
        ref RipRoute route = ref _table[place];
        byte distance = _neighbors[_table.Path(route.FirstPath).Neighbor]!.Distance;
        _host.Routes.Update(new Route(route.Prefix, RouteSource.Rip, distance, route.Metric, route.Tag, RouteKind.Unicast, NextHopsOf(route)));
    }

    private void PublishAll()
    {
        for (int place = 0; place < _table.End; place++)
        {
            if (_table[place].IsUsed && !_table[place].IsOwn && !_table[place].IsDead)
                Publish(place);
        }
    }

    private NextHop[] NextHopsOf(in RipRoute route)
    {
        ref RipPath first = ref _table.Path(route.FirstPath);
        if (first.Next == RipTable.None && first.Gateway == _neighbors[first.Neighbor]!.Address)
            return _neighbors[first.Neighbor]!.NextHops;
        List<NextHop> hops = [];
        for (int path = route.FirstPath; path != RipTable.None; path = _table.Path(path).Next)
        {
            NextHop hop = new(_table.Path(path).Interface, _table.Path(path).Gateway);
            if (!hops.Contains(hop))
                hops.Add(hop);
        }

        hops.Sort((one, other) => (one.Interface, one.Gateway.Bits).CompareTo((other.Interface, other.Gateway.Bits)));
        return Share(hops);
    }

    /// <summary>Few sets of next hops serve many routes: one array for each.</summary>
    private NextHop[] Share(List<NextHop> hops)
    {
        HashCode hash = default;
        foreach (NextHop hop in hops)
            hash.Add(hop);
        if (_sharedHops.Count >= SharedSets)
            _sharedHops.Clear();
        ref NextHop[]? shared = ref CollectionsMarshal.GetValueRefOrAddDefault(_sharedHops, hash.ToHashCode(), out _);
        if (shared == null || !shared.AsSpan().SequenceEqual(CollectionsMarshal.AsSpan(hops)))
            shared = [.. hops];
        return shared;
    }
}
