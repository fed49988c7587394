namespace Fabric.Routing.Rib;

/// <summary>A term of a <see cref="RouteFilter"/>: a route that fits everything it names is permitted, perhaps changed, or denied.</summary>
/// <param name="Sequence">Its place among the others: the smallest is asked first.</param>
/// <param name="Permits">What becomes of a route that fits.</param>
public sealed record RouteFilterTerm(int Sequence, bool Permits)
{
    /// <summary>Permits the route's prefix; null for any.</summary>
    public PrefixList? Prefixes { get; init; }

    /// <summary>Who has told of the route; null for anybody.</summary>
    public RouteSource? Source { get; init; }

    /// <summary>The route's tag; null for any.</summary>
    public uint? Tag { get; init; }

    /// <summary>Smallest metric that fits.</summary>
    public uint LeastMetric { get; init; }

    /// <summary>Largest metric that fits.</summary>
    public uint MostMetric { get; init; } = uint.MaxValue;

    /// <summary>Permits the gateway of one of the route's next hops, as a /32 or /128; null for any.</summary>
    public PrefixList? Gateways { get; init; }

    /// <summary>Number of the interface of one of the route's next hops; null for any.</summary>
    public int? Interface { get; init; }

    /// <summary>The metric that the route gets; null to leave it.</summary>
    public uint? SetMetric { get; init; }

    /// <summary>The tag that the route gets; null to leave it.</summary>
    public uint? SetTag { get; init; }

    /// <summary>Tells whether a route fits.</summary>
    /// <param name="route">The route.</param>
    public bool Fits(Route route) =>
        (Prefixes is null || Prefixes.Permits(route.Prefix))
        && (Source is null || Source == route.Source)
        && (Tag is null || Tag == route.Tag)
        && route.Metric >= LeastMetric && route.Metric <= MostMetric
        && (Gateways is null || Array.Exists(route.NextHops, hop => !hop.IsOnLink && Gateways.Permits(new(hop.Gateway, hop.Gateway.IsV4 ? 32 : 128))))
        && (Interface is null || Array.Exists(route.NextHops, hop => hop.Interface == Interface));
}
