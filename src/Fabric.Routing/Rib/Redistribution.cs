namespace Fabric.Routing.Rib;

/// <summary>Which routes of other sources a protocol tells its neighbours of, and how.</summary>
/// <param name="rules">The first of a source counts; a source without one is not told of.</param>
public sealed class Redistribution(IReadOnlyList<RedistributionRule> rules)
{
    /// <summary>Nothing is told of.</summary>
    public static Redistribution None { get; } = new([]);

    /// <summary>Asks whether to announce a route. Kept in mind nowhere: the answer is the same until the route changes.</summary>
    /// <param name="route">The preferred route of its prefix.</param>
    /// <param name="metric">The metric to announce it with; null for the protocol's default.</param>
    /// <param name="tag">The tag to announce it with.</param>
    public bool TryAnnounce(Route route, out uint? metric, out uint tag)
    {
        metric = null;
        tag = route.Tag;
        foreach (RedistributionRule rule in rules)
        {
            if (rule.Source != route.Source)
                continue;
            RouteFilterTerm? term = rule.Filter?.Find(route);
            metric = term?.SetMetric ?? rule.Metric;
            tag = term?.SetTag ?? rule.Tag ?? route.Tag;
            return rule.Filter is null || term is not null;
        }

        return false;
    }
}
