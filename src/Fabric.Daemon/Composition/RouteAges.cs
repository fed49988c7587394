using Fabric.Routing;
using Fabric.Routing.Rib;
using Fabric.Wire;

namespace Fabric.Daemon.Composition;

/// <summary>Remembers since when each route in use is as it is. Called under its router's lock.</summary>
/// <param name="time">Clock.</param>
internal sealed class RouteAges(TimeProvider time) : IRouteWatcher
{
    private readonly Dictionary<IpPrefix, long> _since = [];

    /// <inheritdoc/>
    public void RouteChanged(IpPrefix prefix, Route? before, Route? after)
    {
        if (after is null)
            _since.Remove(prefix);
        else
            _since[prefix] = time.GetTimestamp();
    }

    /// <summary>Age of the route in use for a prefix; null when there is none.</summary>
    public TimeSpan? Of(IpPrefix prefix) => _since.TryGetValue(prefix, out long since) ? time.GetElapsedTime(since) : null;
}
