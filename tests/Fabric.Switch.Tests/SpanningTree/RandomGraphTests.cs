using Fabric.Switch.SpanningTree;
using Fabric.TestKit;

namespace Fabric.Switch.Tests.SpanningTree;

/// <summary>Networks at random in virtual time, against the tree that their cables have.</summary>
public class RandomGraphTests
{
    // Microseconds that a chain of old BPDUs may take to die out: max age in hops, each held for a second at most, and forward delays.
    private const long Convergence = 60_000_000;

    private const int Calm = 5;

    [Fact]
    public void Every_cable_of_random_networks_may_fail_and_come_back()
    {
        int count = TestSeed.Count(100);
        for (int i = 0; i < count; i++)
            FailEachCable(TestSeed.Seed + i, withOld: false);
    }

    [Fact]
    public void Every_cable_may_fail_where_some_bridges_speak_the_old_protocol_alone()
    {
        int count = TestSeed.Count(100) / 10;
        for (int i = 0; i < count; i++)
            FailEachCable(TestSeed.Seed + i, withOld: true);
    }

    [Fact]
    public void Lost_bpdus_delay_the_tree_and_do_not_spoil_it()
    {
        int count = TestSeed.Count(100) / 5;
        for (int i = 0; i < count; i++)
        {
            TreeNetwork network = Make(TestSeed.Seed + i, withOld: false);
            network.Loss = 0.3;
            network.PlugAllIn();
            network.RunSeconds(20);
            foreach (TreeCable cable in network.Cables)
            {
                cable.SetUp(false);
                network.RunSeconds(0.5);
                cable.SetUp(true);
                network.RunSeconds(0.5);
            }

            // A loop there may be, where three hellos in a row were lost; none that outlives the losses.
            network.Loss = 0;
            network.RunSeconds(Convergence / 1e6);
            Assert.True(new ExpectedTree(network).Difference() == null, $"seed {TestSeed.Seed + i}: {new ExpectedTree(network).Difference()}");
        }
    }

    private static void FailEachCable(int seed, bool withOld)
    {
        TreeNetwork network = Make(seed, withOld);
        network.PlugAllIn();
        Converges(network, $"seed {seed}: at first");
        foreach (TreeCable cable in network.Cables)
        {
            cable.SetUp(false);
            Converges(network, $"seed {seed}: {cable} cut");
            cable.SetUp(true);
            Converges(network, $"seed {seed}: {cable} mended");
        }
    }

    private static void Converges(TreeNetwork network, string what)
    {
        ExpectedTree expected = new(network);
        long end = network.Now + Convergence;
        // Old information may still be on its way where the tree is right for a moment.
        do
        {
            network.RunUntil(() => expected.Difference() == null, end);
            network.RunSeconds(Calm);
        }
        while (expected.Difference() != null && network.Now < end);
        Assert.True(network.Loop == null, $"{what}: {network.Loop}");
        Assert.True(expected.Difference() == null, $"{what}: {expected.Difference()}");
    }

    private static TreeNetwork Make(int seed, bool withOld)
    {
        Random random = new(seed);
        TreeNetwork network = new(seed);
        int bridges = random.Next(2, 13);
        int[] costs = [20, 2000, 2000, 2000, 20000];
        for (int i = 0; i < bridges; i++)
        {
            int priority = 4096 * random.Next(16);
            bool isOld = withOld && random.Next(2) == 0;
            network.AddBridge(new SpanningTreeOptions { Priority = priority, Version = isOld ? SpanningTreeVersion.Stp : SpanningTreeVersion.Rstp });
        }

        PortTreeOptions Options() => new() { PathCost = costs[random.Next(costs.Length)], Priority = 16 * random.Next(6, 10) };
        for (int i = 1; i < bridges; i++)
            network.AddCable(network.Bridges[random.Next(i)], network.Bridges[i], Options(), Options());
        for (int i = random.Next(bridges + 2); i > 0; i--)
            network.AddCable(network.Bridges[random.Next(bridges)], network.Bridges[random.Next(bridges)], Options(), Options());
        return network;
    }
}
