namespace Fabric.Routing.Rip;

/// <summary>Routes of another source that RIP tells of.</summary>
/// <param name="Source">Whose.</param>
public sealed record RipRedistribution(RouteSource Source)
{
    /// <summary>Which of them; null for all.</summary>
    public Predicate<Route>? Permits { get; init; }

    /// <summary>1 … 16; null for <see cref="RipOptions.DefaultMetric"/>.</summary>
    public byte? Metric { get; init; }

    /// <summary>The tag told; null for the route's own.</summary>
    public ushort? Tag { get; init; }
}
