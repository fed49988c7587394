namespace Fabric.Routing.Tests.Rip.Simulation;

/// <summary>Routers as numbers, cables between them with a cost at each end, and one network of hosts at each router.</summary>
internal sealed class Graph(int routers)
{
    /// <summary>A cable: its ends, and what a route costs that is heard at one end or the other.</summary>
    internal readonly record struct Edge(int A, int B, byte CostAtA, byte CostAtB);

    internal int Routers { get; } = routers;

    internal List<Edge> Edges { get; } = [];

    internal static Graph Ring(int routers)
    {
        Graph graph = new(routers);
        for (int i = 0; i < routers; i++)
            graph.Add(i, (i + 1) % routers);
        return graph;
    }

    internal static Graph Grid(int width, int height)
    {
        Graph graph = new(width * height);
        for (int i = 0; i < width * height; i++)
        {
            if (i % width != width - 1)
                graph.Add(i, i + 1);
            if (i + width < width * height)
                graph.Add(i, i + width);
        }

        return graph;
    }

    /// <summary>Each router hangs on the one whose number is smaller by the factor.</summary>
    internal static Graph Tree(int routers, int children)
    {
        Graph graph = new(routers);
        for (int i = 1; i < routers; i++)
            graph.Add(i, (i - 1) / children);
        return graph;
    }

    /// <summary>A connected graph: a tree of chance, and further edges.</summary>
    internal static Graph Any(Random random, int routers, int more, int maxCost)
    {
        Graph graph = new(routers);
        for (int i = 1; i < routers; i++)
            graph.Add(i, random.Next(i), Cost(), Cost());
        for (int i = 0; i < more && routers > 2; i++)
        {
            int one = random.Next(routers);
            int other = random.Next(routers - 1);
            graph.Add(one, other < one ? other : other + 1, Cost(), Cost());
        }

        return graph;

        byte Cost() => (byte)random.Next(1, maxCost + 1);
    }

    internal void Add(int one, int other, byte costAtOne = 1, byte costAtOther = 1) => Edges.Add(new Edge(one, other, costAtOne, costAtOther));

    /// <summary>Metrics of the network of a router's hosts, or of a cable, at all routers: Bellman's equation by Dijkstra's algorithm from
    /// the owners outwards; <see cref="int.MaxValue"/> where nothing leads there.</summary>
    /// <param name="owners">Routers that are on the network.</param>
    /// <param name="isUp">Which edges are whole.</param>
    internal int[] Metrics(IEnumerable<int> owners, Func<int, bool> isUp)
    {
        int[] metrics = new int[Routers];
        Array.Fill(metrics, int.MaxValue);
        PriorityQueue<int, int> open = new();
        foreach (int owner in owners)
        {
            metrics[owner] = 1;
            open.Enqueue(owner, 1);
        }

        while (open.TryDequeue(out int router, out int metric))
        {
            if (metric != metrics[router])
                continue;
            foreach ((int edge, int neighbor, byte cost) in Neighbors(router))
            {
                // RIP stops at 15.
                if (!isUp(edge) || metric + cost >= Math.Min(16, metrics[neighbor]))
                    continue;
                metrics[neighbor] = metric + cost;
                open.Enqueue(neighbor, metric + cost);
            }
        }

        return metrics;
    }

    /// <summary>Cables of a router: their number, who is at the other end, and what hearing this router costs there.</summary>
    internal IEnumerable<(int Edge, int Neighbor, byte Cost)> Neighbors(int router) => _neighbors ? _adjacent![router] : Adjacent()[router];

    private List<(int Edge, int Neighbor, byte Cost)>[] Adjacent()
    {
        _adjacent = [.. Enumerable.Range(0, Routers).Select(_ => new List<(int, int, byte)>())];
        for (int i = 0; i < Edges.Count; i++)
        {
            Edge edge = Edges[i];
            _adjacent[edge.A].Add((i, edge.B, edge.CostAtB));
            _adjacent[edge.B].Add((i, edge.A, edge.CostAtA));
        }

        _neighbors = true;
        return _adjacent;
    }

    private List<(int Edge, int Neighbor, byte Cost)>[]? _adjacent;
    private bool _neighbors;
}
