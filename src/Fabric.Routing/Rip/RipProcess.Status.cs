namespace Fabric.Routing.Rip;

/// <content>What operators look at.</content>
public sealed partial class RipProcess
{
    /// <summary>Everything as it is now. Allocates.</summary>
    public RipStatus ReadStatus()
    {
        if (!_running)
            return new RipStatus([], [], []);
        long now = _host.Now;
        RipLink[] links = [.. _links.OrderBy(link => link.Index)];
        return new RipStatus(
            [.. links.Select(link => Describe(link, now))],
            [.. links.SelectMany(link => link.Neighbors.Values.OrderBy(neighbor => neighbor.Address.Bits)).Select(neighbor => Describe(neighbor, now))],
            [.. Places().Select(place => Describe(place, now)).OrderBy(route => route.Prefix.Address.Bits).ThenBy(route => route.Prefix.Length)]);
    }

    private static RipInterfaceStatus Describe(RipLink link, long now) => new(
        link.Interface.Name, link.IsActive, link.Options, link.NextUpdate == long.MaxValue ? null : Span(link.NextUpdate - now), link.Neighbors.Count, link.Counters);

    private static RipNeighborStatus Describe(RipNeighbor neighbor, long now) => new(
        neighbor.Link.Interface.Name, neighbor.Address, neighbor.Version, Span(now - neighbor.Heard), neighbor.Routes, neighbor.Distance, neighbor.Counters);

    private RipRouteStatus Describe(int place, long now)
    {
        RipRoute route = _table[place];
        List<NextHop> hops = [];
        long end = route.IsDead && !route.IsOwn ? route.Forget : long.MinValue;
        for (int path = route.FirstPath; path != RipTable.None; path = _table.Path(path).Next)
        {
            RipPath way = _table.Path(path);
            hops.Add(new NextHop(way.Interface, way.Gateway));
            end = Math.Max(end, way.Expires);
        }

        hops.Sort((one, other) => (one.Interface, one.Gateway.Bits).CompareTo((other.Interface, other.Gateway.Bits)));
        return new RipRouteStatus(route.Prefix, route.Origin, route.Metric, route.Tag, [.. hops], route.IsOwn ? null : Span(end - now));
    }

    private IEnumerable<int> Places() => Enumerable.Range(0, _table.End).Where(place => _table[place].IsUsed);

    private static TimeSpan Span(long nanoseconds) => TimeSpan.FromTicks(nanoseconds / TimeSpan.NanosecondsPerTick);
}
