using Fabric.Wire;

namespace Fabric.Routing.Rip;

/// <summary>The ranges of RIP's options.</summary>
internal static class RipOptionsCheck
{
    private const int MaxRoutes = 1_000_000;
    private const int MaxNeighbors = 4096;

    internal static void Throw(RipOptions options)
    {
        string name = options.IsNg ? "ripng" : "rip";
        Range($"{name}: the route limit", options.RouteLimit, 1, MaxRoutes);
        Range($"{name}: the limit of neighbours on an interface", options.NeighborLimit, 1, MaxNeighbors);
        Range($"{name}: the most paths of a route", options.MaxPaths, 1, Route.MaxNextHops);
        Range($"{name}: the administrative distance", options.Distance, 1, Route.Unusable);
        Range($"{name}: the default metric", options.DefaultMetric, 1, RipView.Infinity);
        if (options.DefaultRoute is { } route)
            Range($"{name}: the metric of the default route", route.Metric, 1, RipView.Infinity - 1);
        foreach (RipDistance distance in options.Distances)
            Range($"{name}: the administrative distance of neighbours in {distance.Neighbors}", distance.Distance, 1, Route.Unusable);
        foreach (IpAddress neighbor in options.Neighbors)
        {
            if (neighbor.IsV4 == options.IsNg || neighbor.IsMulticast || neighbor.IsUnspecified)
                throw new RoutingException($"{name}: {neighbor} cannot be a neighbour: give the address of a router of the same family, {(options.IsNg ? "link-local" : "IPv4")}");
        }

        Check($"{name}: interfaces", options.Interface);
        foreach ((string interfaceName, RipInterfaceOptions own) in options.Interfaces)
            Check($"{name}: interface {interfaceName}", own);
        foreach (RipOffset offset in options.OffsetsIn.Concat(options.OffsetsOut))
            Range($"{name}: an offset", offset.Amount, 0, RipView.Infinity);
    }

    private static void Check(string where, RipInterfaceOptions options)
    {
        Range($"{where}: the cost", options.Cost, 1, RipView.Infinity - 1);
        foreach (RipOffset offset in options.OffsetsIn.Concat(options.OffsetsOut))
            Range($"{where}: an offset", offset.Amount, 0, RipView.Infinity);
        RipTimers timers = options.Timers;
        TimeSpan day = TimeSpan.FromDays(1);
        Range($"{where}: the update time", timers.Update, TimeSpan.FromMilliseconds(100), day);
        Range($"{where}: the jitter, which is at most half the update time,", timers.Jitter, TimeSpan.Zero, timers.Update / 2);
        Range($"{where}: the timeout, which is at least the update time,", timers.Timeout, timers.Update, day);
        Range($"{where}: the garbage time", timers.Garbage, TimeSpan.FromMilliseconds(100), day);
        Range($"{where}: the longest time to a triggered update", timers.TriggerMax, TimeSpan.Zero, timers.Update);
        Range($"{where}: the least time to a triggered update", timers.TriggerMin, TimeSpan.Zero, timers.TriggerMax);
        foreach (RipKey key in options.Keys)
        {
            if (key.Secret.Length == 0)
                throw new RoutingException($"{where}: key {key.Id} has an empty secret: give it one");
            if (key.Algorithm is RipAlgorithm.Password or RipAlgorithm.KeyedMd5 && key.Secret.Length > RipView.PasswordLength)
                throw new RoutingException($"{where}: key {key.Id} is longer than the {RipView.PasswordLength} octets of a password or an MD5 key: shorten it");
        }
    }

    private static void Range<T>(string what, T value, T least, T most)
        where T : IComparable<T>
    {
        if (value.CompareTo(least) < 0 || value.CompareTo(most) > 0)
            throw new RoutingException($"{what} is {value}: it is from {least} to {most}");
    }
}
