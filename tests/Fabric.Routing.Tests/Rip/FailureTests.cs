using Fabric.Routing.Tests.Rip.Simulation;
using Fabric.TestKit;
using Xunit.Abstractions;

namespace Fabric.Routing.Tests.Rip;

/// <summary>Cables are cut, and the tables are followed at every instant. FABRIC_TEST_COUNT is the number of cables cut, all by
/// default.</summary>
public sealed class FailureTests(ITestOutputHelper output)
{
    // A circle of routers counts up to 16, each step by a triggered update at most 5 s after the last.
    private const double LoopBound = 16 * 5.1;
    // After that the word of a router that still has a way comes with its next regular update, and goes on by triggered ones.
    private const double HoleBound = LoopBound + 35.1 + (15 * 5.1);

    [Fact]
    public void NoLoopAndNoBlackHoleOutlivesTheProtocolsBounds()
    {
        Random random = new(TestSeed.Seed);
        Graph graph = Graph.Any(random, 50, 25, 1);
        int cuts = Math.Min(TestSeed.Count(graph.Edges.Count), graph.Edges.Count);
        GraphNetwork network = new(graph, TestSeed.Seed);
        network.Network.RunFor(200);
        Assert.Null(network.Difference());
        double longestLoop = 0;
        double longestHole = 0;
        int loops = 0;
        PathWatcher watcher = new(network);
        for (int i = 0; i < cuts; i++)
        {
            watcher.Reset();
            network.Network.Looked = watcher.Look;
            network.Cables[i].SetUp(false);
            watcher.Look();
            network.Network.RunFor(HoleBound);
            watcher.Finish();
            Assert.True(watcher.LongestLoop <= LoopBound, $"cable {i}: a circle for {watcher.LongestLoop} s");
            Assert.True(watcher.LongestHole <= HoleBound - 1, $"cable {i}: a black hole for {watcher.LongestHole} s");
            network.Network.RunFor(40);
            Assert.Null(network.Difference());
            (longestLoop, longestHole, loops) = (Math.Max(longestLoop, watcher.LongestLoop), Math.Max(longestHole, watcher.LongestHole), loops + watcher.Loops);
            network.Network.Looked = null;
            network.Cables[i].SetUp(true);
            network.Network.RunFor(120);
            Assert.Null(network.Difference());
        }

        output.WriteLine($"{cuts} cables of 50 routers: {loops} circles, the longest {longestLoop:0.0} s; the longest black hole {longestHole:0.0} s");
    }

    [Fact]
    public void ACableThatFailsWithoutAWordIsLeftAfterTheTimeout()
    {
        GraphNetwork network = new(Graph.Ring(6), TestSeed.Seed);
        network.Network.RunFor(100);
        Assert.Null(network.Difference());
        network.Cables[0].Loss = 1;
        network.Network.RunFor(120);
        Assert.Null(network.Difference());
        network.Network.RunFor(65 + HoleBound);
        Assert.Equal("6 via 10.0.0.21", network.Routers[0].Describe(GraphNetwork.HostNetwork(1, 0).ToString()));
        network.Cables[0].Loss = 0;
        network.Network.RunFor(60);
        Assert.Null(network.Difference());
    }
}
