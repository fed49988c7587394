using System.Diagnostics;
using Fabric.Interop.Tests.Peers;
using Fabric.Link;
using Fabric.Link.Taps;
using Fabric.Switch;
using Fabric.Switch.SpanningTree;
using Fabric.TestKit.Link;
using Fabric.Wire;
using Xunit.Abstractions;
using static Fabric.TestKit.Link.TestFrames;

namespace Fabric.Interop.Tests.SpanningTree;

/// <summary>A ring of five: four switches here, the first of them root, and Open vSwitch between the last and the first.</summary>
public class RingTests(ITestOutputHelper output)
{
    private const int Ours = 4;
    private const string Bridge = "ovs0";

    [SkippableFact]
    public void A_ring_of_five_heals_through_Open_vSwitch()
    {
        using TestNamespace space = new();
        using OpenVswitch peer = new(space);
        using TapPort near = TapPort.Open("ta", new TapOptions("ta") { Namespace = space.Name });
        using TapPort far = TapPort.Open("tb", new TapOptions("tb") { Namespace = space.Name });
        using PortWorker worker = new("ring");
        EthernetSwitch[] switches = [.. Enumerable.Range(0, Ours).Select(i => new EthernetSwitch($"s{i}", TimeProvider.System))];
        RapidSpanningTree[] trees = [.. switches.Select((one, i) => one.AttachProtocol(control => new RapidSpanningTree(
            control, MacAddress.Read(Station(100 + i)), new SpanningTreeOptions { Priority = 4096 * (i + 1) })))];
        MemoryLink[] cables = [.. Enumerable.Range(0, Ours - 1).Select(i => new MemoryLink($"right{i}", $"left{i + 1}"))];
        MemoryLink[] hosts = [.. Enumerable.Range(0, Ours).Select(i => new MemoryLink($"host{i}", $"access{i}"))];
        void Attach(int one, IPort port, bool isEdge)
        {
            switches[one].Attach(port);
            switches[one].AskProtocol(() => trees[one].Configure(switches[one].Status(port).Number, new PortTreeOptions { AdminEdge = isEdge }));
            worker.Add(port, switches[one]);
        }

        for (int i = 0; i < Ours; i++)
            Attach(i, hosts[i].Second, isEdge: true);
        for (int i = 0; i < Ours - 1; i++)
        {
            Attach(i, cables[i].First, isEdge: false);
            Attach(i + 1, cables[i].Second, isEdge: false);
        }

        Attach(0, near, isEdge: false);
        Attach(Ours - 1, far, isEdge: false);
        peer.Configure("add-br", Bridge, "--", "set", "bridge", Bridge, "datapath_type=netdev", "rstp_enable=true", "other_config:rstp-priority=61440",
            "--", "add-port", Bridge, "ta", "--", "set", "port", "ta", "other_config:rstp-path-cost=2000",
            "--", "add-port", Bridge, "tb", "--", "set", "port", "tb", "other_config:rstp-path-cost=2000");

        // The last switch reaches the root through Open vSwitch, and has shut its port to the one before.
        HostTool.Await("the ring", 40, () => Differs(peer, trees, switches, "Root Forwarding", "Designated Forwarding"));
        Assert.True(SpinWait.SpinUntil(() => Arrives(hosts, 1) && IsCalm(trees, switches), TimeSpan.FromSeconds(40)));

        cables[0].SetUp(false);
        long cut = Stopwatch.GetTimestamp();
        Assert.True(SpinWait.SpinUntil(() => Arrives(hosts, 2), TimeSpan.FromSeconds(2)));
        output.WriteLine($"healed in {Stopwatch.GetElapsedTime(cut).TotalMilliseconds:F2} ms");
        HostTool.Await("the cut ring", 15, () => Differs(peer, trees, switches, "Root Forwarding", "Designated Forwarding"));
        Array.ForEach(switches, one => one.Dispose());
    }

    // From the root to the second switch: past the cable that is cut, or by way of Open vSwitch.
    private static bool Arrives(MemoryLink[] hosts, int source)
    {
        byte[] sent = Ethernet(Broadcast, Station(source));
        hosts[0].First.Send(sent);
        return hosts[1].First.ReceiveAll().Exists(frame => frame.Bytes.AsSpan().SequenceEqual(sent));
    }

    private static bool IsCalm(RapidSpanningTree[] trees, EthernetSwitch[] switches) =>
        Enumerable.Range(0, Ours).All(i => switches[i].AskProtocol(trees[i].ReadStatus).SinceTopologyChange >= 3);

    private static string? Differs(OpenVswitch peer, RapidSpanningTree[] trees, EthernetSwitch[] switches, string near, string far)
    {
        string found = $"{peer.RapidPort(Bridge, "ta")}, {peer.RapidPort(Bridge, "tb")}";
        BridgeId root = switches[0].AskProtocol(trees[0].ReadStatus).Bridge;
        bool agreed = Enumerable.Range(0, Ours).All(i => switches[i].AskProtocol(trees[i].ReadStatus).Root == root);
        return agreed && found == $"{near}, {far}" ? null : $"{found}, root agreed on: {agreed}";
    }
}
