using System.Diagnostics;
using Fabric.Routing.Tests.Rip.Simulation;
using Fabric.TestKit;
using Xunit.Abstractions;

namespace Fabric.Routing.Tests.Rip;

/// <summary>Whole networks come to the shortest paths that Dijkstra's algorithm finds, with all next hops of equal cost. FABRIC_TEST_COUNT
/// is the number of routers of the larger networks, up to 1,000.</summary>
public sealed class ConvergenceTests(ITestOutputHelper output)
{
    private const int Graphs = 50;
    // Every route is known, every worse one forgotten: metrics count up to 16 in steps of a triggered update, and what was forgotten on
    // the way comes again with the next regular ones.
    private const double Limit = 400;

    [Theory]
    [InlineData(3)]
    [InlineData(8)]
    [InlineData(29)]
    [InlineData(40)]
    public void Rings(int routers) => Converge(Graph.Ring(routers), $"ring of {routers}");

    [Fact]
    public void Grids()
    {
        int side = (int)Math.Sqrt(TestSeed.Count(49));
        Converge(Graph.Grid(side, side), $"grid of {side} x {side}");
        Converge(Graph.Grid(2, 6), "grid of 2 x 6");
    }

    [Fact]
    public void Trees()
    {
        int routers = TestSeed.Count(60);
        Converge(Graph.Tree(routers, 2), $"binary tree of {routers}");
        Converge(Graph.Tree(routers, 8), $"tree of {routers} by 8");
    }

    [Fact]
    public void FiftyGraphsOfChance()
    {
        Random random = new(TestSeed.Seed);
        int most = TestSeed.Count(40);
        for (int i = 0; i < Graphs; i++)
        {
            // Many small ones, some large ones.
            int routers = 2 + (int)((most - 2) * Math.Pow((double)i / (Graphs - 1), 3));
            Converge(Graph.Any(random, routers, random.Next(routers), i % 2 == 0 ? 1 : 3), $"graph {i} of {routers}", i);
        }
    }

    [Fact]
    public void LossOnlyDelays()
    {
        Random random = new(TestSeed.Seed);
        GraphNetwork network = new(Graph.Any(random, 12, 8, 2), TestSeed.Seed, loss: 0.1);
        // One packet in ten gets lost: some paths of equal cost miss some updates, none misses six in a row for good.
        network.Network.RunFor(600);
        foreach (Segment cable in network.Cables)
            cable.Loss = 0;
        network.Network.RunFor(40);
        Assert.Null(network.Difference());
    }

    private void Converge(Graph graph, string name, int seed = 0)
    {
        GraphNetwork network = new(graph, TestSeed.Seed + seed);
        long start = Stopwatch.GetTimestamp();
        string? difference = "nothing was looked at";
        double seconds = 0;
        for (; difference != null && seconds < Limit; seconds += 10)
        {
            network.Network.RunFor(10);
            difference = network.Difference();
        }

        Assert.True(difference == null, $"{name}: {difference}");
        output.WriteLine($"{name}: {seconds} s of virtual time, {Stopwatch.GetElapsedTime(start).TotalSeconds:0.0} s of real time");

        // And stays so, quietly: no table changes any more, no update is triggered.
        long triggered = Triggered(network);
        network.Network.RunFor(60);
        triggered = Triggered(network);
        network.Network.RunFor(240);
        Assert.Null(network.Difference());
        Assert.Equal(triggered, Triggered(network));
    }

    private static long Triggered(GraphNetwork network) => network.Routers.Sum(router => router.Status.Interfaces.Sum(one => one.Counters.TriggeredUpdates));
}
