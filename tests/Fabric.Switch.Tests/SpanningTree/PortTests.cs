using Fabric.Switch.SpanningTree;
using Fabric.TestKit;
using Fabric.Wire;

namespace Fabric.Switch.Tests.SpanningTree;

/// <summary>What ports do with edges, guards, old neighbours and bad input.</summary>
public class PortTests
{
    private static readonly SpanningTreeOptions Old = new() { Version = SpanningTreeVersion.Stp };

    [Fact]
    public void An_admin_edge_forwards_at_once_and_a_bridge_there_ends_that_without_a_loop()
    {
        TreeNetwork network = new(1);
        TreeBridge bridge = network.AddBridge();
        PortTreeOptions edge = new() { AdminEdge = true };
        TreeCable cable = network.AddCable(bridge, network.AddBridge(), edge);
        bridge.Tree.LinkChanged(0, true);
        Assert.Equal(PortState.Forwarding, bridge.StateOf(0));
        Assert.True(bridge.Port(0).IsEdge);

        network.PlugAllIn();
        network.RunSeconds(1);
        Assert.False(bridge.Port(0).IsEdge);
        network.RunSeconds(40);
        Assert.True(cable.Forwards);
    }

    [Fact]
    public void A_port_without_a_bridge_becomes_an_edge_after_three_seconds_and_its_coming_up_is_no_topology_change()
    {
        TreeNetwork network = new(1);
        TreeBridge bridge = network.AddBridge();
        bridge.AddPort(new PortTreeOptions());
        bridge.AddPort(new PortTreeOptions { AutoEdge = false });
        bridge.Tree.LinkChanged(0, true);
        bridge.Tree.LinkChanged(1, true);
        network.RunSeconds(2.5);
        Assert.Equal(PortState.Discarding, bridge.StateOf(0));
        network.RunSeconds(2);
        Assert.Equal(PortState.Forwarding, bridge.StateOf(0));
        Assert.Equal(0, bridge.Tree.ReadStatus().TopologyChanges);
        // Without leave to be an edge it waits for max age, in case a bridge is slow to speak, and two hellos.
        Assert.Equal(PortState.Discarding, bridge.StateOf(1));
        network.RunSeconds(22);
        Assert.Equal(PortState.Forwarding, bridge.StateOf(1));
        Assert.Equal(1, bridge.Tree.ReadStatus().TopologyChanges);
    }

    [Fact]
    public void Bpdu_guard_shuts_the_port_until_its_link_goes_down()
    {
        TreeNetwork network = new(1);
        TreeBridge bridge = network.AddBridge();
        TreeCable cable = network.AddCable(bridge, network.AddBridge(), new PortTreeOptions { AdminEdge = true, BpduGuard = true });
        network.PlugAllIn();
        network.RunSeconds(10);
        Assert.Equal(PortState.Discarding, bridge.StateOf(0));
        Assert.Equal(PortRole.Disabled, bridge.Port(0).Role);
        Assert.True(bridge.Port(0).IsGuarded);

        // The link that is said to be up again has not been down.
        bridge.Tree.LinkChanged(0, true);
        Assert.True(bridge.Port(0).IsGuarded);
        cable.SetUp(false);
        network.RunSeconds(1);
        cable.Second.IsFrozen = true;
        cable.SetUp(true);
        network.RunSeconds(1);
        Assert.False(bridge.Port(0).IsGuarded);
        Assert.Equal(PortState.Forwarding, bridge.StateOf(0));
    }

    [Fact]
    public void Root_guard_shuts_out_a_better_root_until_it_is_gone()
    {
        TreeNetwork network = new(1);
        TreeBridge bridge = network.AddBridge();
        TreeBridge intruder = network.AddBridge(new SpanningTreeOptions { Priority = 0 });
        network.AddCable(bridge, intruder, new PortTreeOptions { RootGuard = true });
        network.PlugAllIn();
        network.RunSeconds(40);
        Assert.Equal(bridge.Tree.Bridge, bridge.Tree.ReadStatus().Root);
        Assert.Equal(PortState.Discarding, bridge.StateOf(0));
        Assert.True(bridge.Port(0).IsRootInconsistent);

        intruder.IsFrozen = true;
        network.RunSeconds(30);
        Assert.Equal(PortState.Forwarding, bridge.StateOf(0));
        Assert.False(bridge.Port(0).IsRootInconsistent);
    }

    [Fact]
    public void A_port_falls_back_where_a_neighbour_speaks_the_old_protocol_and_comes_back()
    {
        TreeNetwork network = new(1);
        TreeBridge bridge = network.AddBridge(new SpanningTreeOptions { Priority = 4096 });
        TreeBridge neighbour = network.AddBridge(Old);
        TreeBridge modern = network.AddBridge();
        network.AddCable(bridge, neighbour);
        TreeCable other = network.AddCable(bridge, modern);
        network.PlugAllIn();
        network.RunSeconds(60);
        Assert.False(bridge.Port(0).SendsRapid);
        Assert.True(bridge.Port(1).SendsRapid);
        Assert.Equal(bridge.Tree.Bridge, neighbour.Tree.ReadStatus().Root);
        Assert.Equal(PortState.Forwarding, neighbour.StateOf(0));

        // The same cable now leads to a bridge that speaks the rapid protocol.
        Span<byte> frame = stackalloc byte[BpduWriter.FrameLength];
        ulong worse = 0xF000_0200_0000_0099;
        BpduWriter.WriteRapid(frame, MacAddress.FromBits(0x99), new BpduContent(BpduFlags.Designated, worse, 0, worse, 0x8001, 0, 20 * 256, 2 * 256, 15 * 256));
        neighbour.IsFrozen = true;
        bridge.Tree.Receive(0, frame);
        Assert.True(bridge.Port(0).SendsRapid);
        Assert.True(other.Forwards);
    }

    [Fact]
    public void The_old_protocol_passes_a_topology_change_up_and_the_root_tells_everybody()
    {
        TreeNetwork network = new(1);
        TreeBridge root = network.AddBridge(Old with { Priority = 0 });
        TreeBridge middle = network.AddBridge(Old with { Priority = 4096 });
        TreeBridge leaf = network.AddBridge(Old);
        network.AddCable(root, middle);
        network.AddCable(middle, leaf);
        TreeCable last = network.AddCable(leaf, network.AddBridge(Old));
        network.PlugAllIn();
        network.RunSeconds(120);
        int before = middle.FlushesOf(0);
        long notified = root.Port(0).Counters.NotificationReceived;

        last.SetUp(false);
        network.RunSeconds(5);
        last.SetUp(true);
        network.RunSeconds(60);
        Assert.True(root.Port(0).Counters.NotificationReceived > notified);
        Assert.True(middle.FlushesOf(0) > before);
        Assert.Null(network.Loop);
    }

    [Fact]
    public void A_topology_change_flushes_all_ports_but_the_one_it_came_from_and_edges()
    {
        TreeNetwork network = new(1);
        TreeBridge root = network.AddBridge(new SpanningTreeOptions { Priority = 0 });
        TreeBridge bridge = network.AddBridge();
        TreeCable up = network.AddCable(root, bridge);
        network.AddCable(bridge, network.AddBridge());
        int edge = bridge.AddPort(new PortTreeOptions { AdminEdge = true });
        TreeCable far = network.AddCable(root, network.AddBridge());
        network.PlugAllIn();
        bridge.Tree.LinkChanged(edge, true);
        network.RunSeconds(40);
        int[] before = [.. Enumerable.Range(0, 3).Select(bridge.FlushesOf)];

        far.SetUp(false);
        network.RunSeconds(2);
        far.SetUp(true);
        network.RunSeconds(2);
        Assert.Equal(before[up.SecondPort], bridge.FlushesOf(up.SecondPort));
        Assert.True(bridge.FlushesOf(1) > before[1]);
        Assert.Equal(before[edge], bridge.FlushesOf(edge));
    }

    [Fact]
    public void A_cable_that_leads_back_to_its_own_port_never_forwards()
    {
        TreeNetwork network = new(1);
        TreeBridge bridge = network.AddBridge();
        Mirror mirror = new();
        RapidSpanningTree tree = new(mirror, MacAddress.FromBits(0x0200_0000_0002), new SpanningTreeOptions());
        mirror.Tree = tree;
        tree.AddPort(0, new PortTreeOptions());
        tree.LinkChanged(0, true);
        for (int second = 0; second < 100; second++)
        {
            tree.Tick();
            mirror.Reflect();
            Assert.NotEqual(PortState.Forwarding, mirror.State);
        }

        Assert.True(tree.ReadStatus().Ports[0].Counters.OwnReceived > 10);
        Assert.Equal(0, bridge.Index);
    }

    [Fact]
    public void A_flood_of_bpdus_is_not_looked_at()
    {
        TreeNetwork network = new(1);
        TreeBridge bridge = network.AddBridge();
        network.AddCable(bridge, network.AddBridge());
        network.PlugAllIn();
        network.RunSeconds(40);
        Random random = new(TestSeed.Seed);
        byte[] frame = new byte[80];
        for (int i = 0; i < 10_000; i++)
            bridge.Tree.Receive(0, frame.AsSpan(0, WildBpdu.Write(random, frame, bridge.Tree.Bridge)));
        Assert.InRange(bridge.Port(0).Counters.Ignored, 9_900, 10_000);
        network.RunSeconds(150);
        Assert.Null(new ExpectedTree(network).Difference());
    }

    [Fact]
    public void Changed_costs_move_the_root_port_at_once()
    {
        TreeNetwork network = new(1);
        TreeBridge root = network.AddBridge(new SpanningTreeOptions { Priority = 0 });
        TreeBridge bridge = network.AddBridge();
        network.AddCable(root, bridge);
        network.AddCable(root, bridge);
        network.PlugAllIn();
        network.RunSeconds(40);
        Assert.Equal(0, bridge.Tree.ReadStatus().RootPort);
        Assert.True(bridge.Tree.Configure(1, new PortTreeOptions { PathCost = 10 }));
        Assert.Equal(1, bridge.Tree.ReadStatus().RootPort);
        Assert.Equal(PortState.Forwarding, bridge.StateOf(1));
        Assert.Equal(PortState.Discarding, bridge.StateOf(0));
        Assert.Equal(10U, bridge.Tree.ReadStatus().RootPathCost);
    }

    [Theory]
    [InlineData(1000, 2, 40, 30)]
    [InlineData(0, 3, 6, 4)]
    [InlineData(0, 1, 10, 4)]
    public void Options_that_contradict_each_other_are_refused(int priority, int hello, int maxAge, int forwardDelay)
    {
        SpanningTreeOptions options = new() { Priority = priority, HelloTime = hello, MaxAge = maxAge, ForwardDelay = forwardDelay };
        Assert.Throws<ArgumentOutOfRangeException>(() => new RapidSpanningTree(new Mirror(), default, options));
    }

    [Theory]
    [InlineData(10, 2_000_000)]
    [InlineData(100, 200_000)]
    [InlineData(1_000, 20_000)]
    [InlineData(10_000, 2_000)]
    [InlineData(100_000_000, 1)]
    public void Path_costs_are_those_of_the_standard(long megabits, int cost) => Assert.Equal(cost, PortTreeOptions.CostOf(megabits));

    /// <summary>A network whose BPDUs are bent, cut and made up on their way ends up right when that ends.</summary>
    [Fact]
    public void Wild_bpdus_neither_crash_nor_stick()
    {
        int count = TestSeed.Count(30_000);
        Random random = new(TestSeed.Seed);
        TreeNetwork network = new(TestSeed.Seed);
        for (int i = 0; i < 4; i++)
            network.AddBridge();
        for (int i = 0; i < 4; i++)
            network.AddCable(network.Bridges[i], network.Bridges[(i + 1) % 4]);
        network.PlugAllIn();
        byte[] frame = new byte[80];
        for (int i = 0; i < count; i++)
        {
            TreeBridge victim = network.Bridges[random.Next(4)];
            int length = WildBpdu.Write(random, frame, network.Bridges[random.Next(4)].Tree.Bridge);
            victim.Tree.Receive(random.Next(-1, 3), frame.AsSpan(0, length));
            if (i % 50 == 0)
                network.RunSeconds(0.1);
            // What comes in does not make more go out than the hold count lets.
            if (i % 1000 == 0)
                Assert.InRange(network.Frames, 0, (long)(8 * (6 + (network.Now / 1e6) + 1)));
        }

        network.RunSeconds(150);
        Assert.Null(new ExpectedTree(network).Difference());
    }

    private sealed class Mirror : ISwitchControl
    {
        private readonly Queue<byte[]> _sent = [];

        internal RapidSpanningTree? Tree { get; set; }

        internal PortState State { get; private set; }

        public void SetPortState(int port, PortState state) => State = state;

        public void FlushAddresses(int port)
        {
        }

        public void Transmit(int port, ReadOnlySpan<byte> frame) => _sent.Enqueue(frame.ToArray());

        internal void Reflect()
        {
            for (int i = _sent.Count; i > 0; i--)
                Tree!.Receive(0, _sent.Dequeue());
        }
    }
}
