using Fabric.Routing.Rip;
using Fabric.Wire;

namespace Fabric.Routing.Tests.Rip.Simulation;

/// <summary>A graph as running routers, and what their tables must be by Dijkstra's algorithm.</summary>
internal sealed class GraphNetwork
{
    private const uint FirstCable = 0x0A00_0000;
    private readonly Graph _graph;

    internal GraphNetwork(Graph graph, int seed, RipOptions? options = null, double loss = 0)
    {
        _graph = graph;
        Network = new Network(seed);
        options ??= new RipOptions();
        List<byte>[] costs = [.. Enumerable.Range(0, graph.Routers).Select(_ => new List<byte> { 1 })];
        foreach (Graph.Edge edge in graph.Edges)
        {
            costs[edge.A].Add(edge.CostAtA);
            costs[edge.B].Add(edge.CostAtB);
        }

        RipInterfaceOptions[] byCost = [.. Enumerable.Range(0, 16).Select(cost => options.Interface with { Enabled = true, Cost = (byte)cost })];
        for (int i = 0; i < graph.Routers; i++)
        {
            string name = $"r{i}";
            Dictionary<string, RipInterfaceOptions> own = [];
            for (int k = 0; k < costs[i].Count; k++)
                own.Add($"{name}.{k}", byCost[costs[i][k]]);
            SimulatedRouter router = Network.AddRouter(name, options with { Interfaces = own });
            router.AddNetwork(HostNetwork(i, 1).ToString());
            Owners.Add(HostNetwork(i, 0), [i]);
        }

        for (int i = 0; i < graph.Edges.Count; i++)
        {
            Owners.Add(Network.Prefix(Cable(i, 0)), [graph.Edges[i].A, graph.Edges[i].B]);
            Cables.Add(Network.Connect(Network.Routers[graph.Edges[i].A], Cable(i, 1), Network.Routers[graph.Edges[i].B], Cable(i, 2), 0.002, loss));
        }
    }

    /// <summary>Routers on each network, whether its cable is whole or not.</summary>
    internal Dictionary<IpPrefix, int[]> Owners { get; } = [];

    internal Network Network { get; }

    internal List<Segment> Cables { get; } = [];

    internal List<SimulatedRouter> Routers => Network.Routers;

    /// <summary>All networks there are: of hosts, and of cables that are whole.</summary>
    internal IEnumerable<(IpPrefix Prefix, int[] Owners)> Networks()
    {
        foreach ((IpPrefix prefix, int[] owners) in Owners)
        {
            if (prefix.Length == 24 || Cables[(int)(prefix.Address.V4 - FirstCable) / 4].IsUp)
                yield return (prefix, owners);
        }
    }

    /// <summary>The first difference between the tables and the shortest paths; null when there is none.</summary>
    internal string? Difference()
    {
        int[] expected = new int[_graph.Routers];
        foreach ((IpPrefix prefix, int[] owners) in Networks())
        {
            int[] metrics = Metrics(owners);
            for (int i = 0; i < _graph.Routers; i++)
            {
                if (metrics[i] != int.MaxValue)
                    expected[i]++;
                if (Difference(prefix, i, metrics) is { } difference)
                    return difference;
            }
        }

        for (int i = 0; i < _graph.Routers; i++)
        {
            int found = Routers[i].Routes.Best.Count();
            if (found != expected[i])
                return $"r{i} has {found} routes, not {expected[i]}";
        }

        return null;
    }

    internal int[] Metrics(int[] owners) => _graph.Metrics(owners, edge => Cables[edge].IsUp);

    internal static IpPrefix HostNetwork(int router, uint host) => new(IpAddress.FromV4(0xAC10_0000 + ((uint)router << 8) + host), 24);

    private static string Cable(int edge, uint end) => new IpPrefix(IpAddress.FromV4(FirstCable + ((uint)edge * 4) + end), 30).ToString();

    private string? Difference(IpPrefix prefix, int router, int[] metrics)
    {
        Route? route = Routers[router].Routes.Find(prefix);
        if (metrics[router] == 1)
            return route?.Source == RouteSource.Connected ? null : $"r{router} should be on {prefix}";
        if (metrics[router] == int.MaxValue)
            return route == null ? null : $"r{router} should have no route to {prefix}, but has one of metric {route.Metric}";
        HashSet<NextHop> hops = [.. _graph.Neighbors(router).Where(near => Cables[near.Edge].IsUp && metrics[near.Neighbor] != int.MaxValue
            && metrics[near.Neighbor] + CostAt(near.Edge, router) == metrics[router]).Select(near => Hop(near.Edge, router))];
        if (route == null || route.Metric != metrics[router])
            return $"r{router} should reach {prefix} with metric {metrics[router]}, not {Routers[router].Describe(prefix.ToString())}";
        return hops.SetEquals(route.NextHops) ? null : $"r{router} should reach {prefix} via {string.Join(", ", hops)}, not {Routers[router].Describe(prefix.ToString())}";
    }

    private byte CostAt(int edge, int router) => _graph.Edges[edge].A == router ? _graph.Edges[edge].CostAtA : _graph.Edges[edge].CostAtB;

    private NextHop Hop(int edge, int router)
    {
        bool first = _graph.Edges[edge].A == router;
        return new NextHop(Cables[edge].Ends[first ? 0 : 1].Interface, Network.Prefix(Cable(edge, first ? 2u : 1u)).Address);
    }
}
