using Fabric.Wire;

namespace Fabric.Routing.Rib;

/// <summary>Is told when the route that a table prefers for a prefix becomes another one.</summary>
public interface IRouteWatcher
{
    /// <summary>The best route has changed. Called under the router's control lock, after the table has changed; may update the table in
    /// turn (for other prefixes, or as a source of its own for this one).</summary>
    /// <param name="prefix">The network.</param>
    /// <param name="before">What was preferred; null when there was no route.</param>
    /// <param name="after">What is preferred; null when there is no route any more.</param>
    void RouteChanged(IpPrefix prefix, Route? before, Route? after);
}
