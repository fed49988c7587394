using Fabric.Routing.Rib;
using Fabric.Wire;

namespace Fabric.Routing.Tests.Rip.Simulation;

/// <summary>Follows the tables of all routers at each instant at which one of them changes: how long packets to a network would go in a
/// circle, or nowhere although there is a way.</summary>
internal sealed class PathWatcher
{
    private readonly GraphNetwork _network;
    private readonly HashSet<IpPrefix> _touched = [];
    private readonly Dictionary<IpPrefix, long> _loops = [];
    private readonly Dictionary<IpPrefix, long> _holes = [];
    private readonly Dictionary<(int Router, int Interface), int> _behind = [];

    internal PathWatcher(GraphNetwork network)
    {
        _network = network;
        for (int i = 0; i < network.Routers.Count; i++)
            network.Routers[i].Routes.Subscribe(new Teller(this));
        foreach (Segment cable in network.Cables)
        {
            for (int end = 0; end < 2; end++)
                _behind[(network.Routers.IndexOf(cable.Ends[end].Router), cable.Ends[end].Interface)] = network.Routers.IndexOf(cable.Ends[1 - end].Router);
        }
    }

    /// <summary>The longest that packets to some network went in a circle, in seconds.</summary>
    internal double LongestLoop { get; private set; }

    /// <summary>The longest that packets to some network were lost although there was a way, in seconds.</summary>
    internal double LongestHole { get; private set; }

    /// <summary>Circles there have been.</summary>
    internal int Loops { get; private set; }

    /// <summary>Looks at what has changed since the last look.</summary>
    internal void Look()
    {
        foreach (IpPrefix prefix in _touched)
        {
            (bool loop, bool hole) = Walk(prefix);
            if (loop && !_loops.ContainsKey(prefix))
                Loops++;
            LongestLoop = Math.Max(LongestLoop, Track(_loops, prefix, loop));
            LongestHole = Math.Max(LongestHole, Track(_holes, prefix, hole));
        }

        _touched.Clear();
    }

    /// <summary>Forgets what it has seen.</summary>
    internal void Reset() => (LongestLoop, LongestHole, Loops) = (0, 0, 0);

    /// <summary>Ends the watch: what is wrong still counts up to now.</summary>
    internal void Finish()
    {
        foreach ((IpPrefix prefix, int[] _) in _network.Networks())
            _touched.Add(prefix);
        Look();
        foreach (IpPrefix prefix in _loops.Keys.ToArray())
            LongestLoop = Math.Max(LongestLoop, Track(_loops, prefix, false));
        foreach (IpPrefix prefix in _holes.Keys.ToArray())
            LongestHole = Math.Max(LongestHole, Track(_holes, prefix, false));
    }

    private double Track(Dictionary<IpPrefix, long> since, IpPrefix prefix, bool wrong)
    {
        long now = _network.Network.Now;
        if (wrong)
        {
            since.TryAdd(prefix, now);
            return 0;
        }

        return since.Remove(prefix, out long start) ? (double)(now - start) / Network.Second : 0;
    }

    /// <summary>Goes from every router along all next hops, depth first.</summary>
    private (bool Loop, bool Hole) Walk(IpPrefix prefix)
    {
        int[] owners = _network.Owners[prefix];
        int[]? metrics = prefix.Length == 24 ? _network.Metrics(owners) : null;
        bool loop = false;
        bool hole = false;
        byte[] state = new byte[_network.Routers.Count];
        for (int i = 0; i < state.Length; i++)
        {
            Visit(i, prefix, state, ref loop);
            hole |= metrics != null && metrics[i] != int.MaxValue && !Arrives(i, prefix, owners);
        }

        return (loop, hole);
    }

    private void Visit(int router, IpPrefix prefix, byte[] state, ref bool loop)
    {
        if (state[router] != 0)
        {
            loop |= state[router] == 1;
            return;
        }

        state[router] = 1;
        Route? route = _network.Routers[router].Routes.Find(prefix);
        foreach (NextHop hop in route is { Source: RouteSource.Rip } ? route.NextHops : [])
            Visit(_behind[(router, hop.Interface)], prefix, state, ref loop);
        state[router] = 2;
    }

    /// <summary>Along the first next hops; in a circle it does not arrive.</summary>
    private bool Arrives(int router, IpPrefix prefix, int[] owners)
    {
        for (int hops = 0; hops <= _network.Routers.Count; hops++)
        {
            if (owners.Contains(router))
                return true;
            Route? route = _network.Routers[router].Routes.Find(prefix);
            if (route is not { Source: RouteSource.Rip } || !_network.Routers[router].Interfaces[route.NextHops[0].Interface].IsUp)
                return false;
            router = _behind[(router, route.NextHops[0].Interface)];
        }

        return false;
    }

    private sealed class Teller(PathWatcher watcher) : IRouteWatcher
    {
        public void RouteChanged(IpPrefix prefix, Route? before, Route? after) => watcher._touched.Add(prefix);
    }
}
