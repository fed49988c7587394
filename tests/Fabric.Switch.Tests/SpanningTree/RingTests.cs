using Fabric.Switch.SpanningTree;

namespace Fabric.Switch.Tests.SpanningTree;

/// <summary>Rings: what they take to heal, in virtual time.</summary>
public class RingTests
{
    [Theory]
    [InlineData(3)]
    [InlineData(5)]
    [InlineData(12)]
    public void A_ring_heals_from_any_cut_within_fifty_milliseconds(int bridges)
    {
        TreeNetwork network = MakeRing(bridges);
        foreach (TreeCable cable in network.Cables.ToArray())
        {
            Assert.InRange(Change(network, cable, up: false), 0, 50_000);
            network.RunSeconds(30);
            Assert.InRange(Change(network, cable, up: true), 0, 50_000);
            network.RunSeconds(30);
        }

        Assert.Null(network.Loop);
    }

    [Fact]
    public void A_ring_heals_when_its_root_falls_silent_after_three_hellos()
    {
        TreeNetwork network = MakeRing(5);
        network.Bridges[0].IsFrozen = true;
        network.RunSeconds(3 * 2 + 1);

        Assert.Equal(network.Bridges[1].Tree.Bridge, network.Bridges[3].Tree.ReadStatus().Root);
        Assert.Equal(PortState.Forwarding, network.Bridges[2].StateOf(1));
    }

    [Fact]
    public void A_chain_longer_than_max_age_stays_shut_at_its_end()
    {
        TreeNetwork network = new(1);
        SpanningTreeOptions options = new() { HelloTime = 1, MaxAge = 6, ForwardDelay = 4 };
        for (int i = 0; i < 9; i++)
            network.AddBridge(options with { Priority = i * 4096 });
        for (int i = 1; i < 9; i++)
            network.AddCable(network.Bridges[i - 1], network.Bridges[i]);
        network.PlugAllIn();
        network.RunSeconds(60);

        BridgeId root = network.Bridges[0].Tree.Bridge;
        Assert.Equal(root, network.Bridges[6].Tree.ReadStatus().Root);
        Assert.NotEqual(root, network.Bridges[7].Tree.ReadStatus().Root);
        Assert.Null(network.Loop);
    }

    private static long Change(TreeNetwork network, TreeCable cable, bool up)
    {
        cable.SetUp(up);
        ExpectedTree expected = new(network);
        return network.RunUntil(() => expected.Difference() == null, network.Now + 10_000_000);
    }

    private static TreeNetwork MakeRing(int bridges)
    {
        TreeNetwork network = new(1);
        for (int i = 0; i < bridges; i++)
            network.AddBridge(new SpanningTreeOptions { Priority = 4096 * i });
        for (int i = 0; i < bridges; i++)
            network.AddCable(network.Bridges[i], network.Bridges[(i + 1) % bridges]);
        network.PlugAllIn();
        network.RunSeconds(30);
        return network;
    }
}
