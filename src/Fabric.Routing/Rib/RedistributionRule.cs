namespace Fabric.Routing.Rib;

/// <summary>Routes of one source that a protocol tells of.</summary>
/// <param name="Source">Whose.</param>
public sealed record RedistributionRule(RouteSource Source)
{
    /// <summary>Which of them; null for all. A metric or tag that it sets counts before those here.</summary>
    public RouteFilter? Filter { get; init; }

    /// <summary>The metric told; null for the protocol's default.</summary>
    public uint? Metric { get; init; }

    /// <summary>The tag told; null for the route's own.</summary>
    public uint? Tag { get; init; }
}
