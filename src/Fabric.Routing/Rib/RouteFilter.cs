namespace Fabric.Routing.Rib;

/// <summary>Lets some routes pass, perhaps with another metric or tag: the first term that fits decides, and what none fits is denied.
/// Immutable.</summary>
public sealed class RouteFilter
{
    private readonly RouteFilterTerm[] _terms;

    /// <summary>Makes a filter.</summary>
    /// <param name="name">Name in messages.</param>
    /// <param name="terms">In any order.</param>
    /// <exception cref="RoutingException">Two terms have the same number.</exception>
    public RouteFilter(string name, IEnumerable<RouteFilterTerm> terms)
    {
        Name = name;
        _terms = [.. terms.OrderBy(term => term.Sequence)];
        for (int i = 1; i < _terms.Length; i++)
        {
            if (_terms[i].Sequence == _terms[i - 1].Sequence)
                throw new RoutingException($"route filter '{name}' has two terms {_terms[i].Sequence}: give one of them another number");
        }
    }

    /// <summary>Name in messages.</summary>
    public string Name { get; }

    /// <summary>Finds the term that lets a route pass.</summary>
    /// <param name="route">The route.</param>
    /// <returns>Null when it is denied.</returns>
    public RouteFilterTerm? Find(Route route)
    {
        foreach (RouteFilterTerm term in _terms)
        {
            if (term.Fits(route))
                return term.Permits ? term : null;
        }

        return null;
    }

    /// <summary>Has a route pass.</summary>
    /// <param name="route">The route.</param>
    /// <returns>The route as it goes on; null when it is denied.</returns>
    public Route? Apply(Route route)
    {
        RouteFilterTerm? term = Find(route);
        return term is null ? null
            : term.SetMetric is null && term.SetTag is null ? route
            : route with { Metric = term.SetMetric ?? route.Metric, Tag = term.SetTag ?? route.Tag };
    }
}
