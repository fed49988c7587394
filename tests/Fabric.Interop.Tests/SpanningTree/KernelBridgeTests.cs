using Fabric.Interop.Tests.Peers;
using Fabric.Link.Taps;
using Fabric.Switch.SpanningTree;

namespace Fabric.Interop.Tests.SpanningTree;

/// <summary>The old spanning tree protocol with the kernel's bridge: a ring of two bridges and two cables.</summary>
public class KernelBridgeTests
{
    private static readonly SpanningTreeOptions Fast = new() { HelloTime = 1, ForwardDelay = 4, MaxAge = 6 };

    [SkippableFact]
    public void Both_agree_when_this_switch_is_root()
    {
        using TestNamespace space = new();
        KernelBridge peer = new(space, "br0", 32768);
        using TapBridge bridge = new(Fast with { Priority = 4096 });
        // The kernel notifies of changes where it has a designated port.
        space.Ip("link", "add", "va", "type", "veth", "peer", "name", "vb");
        space.Ip("link", "set", "va", "up");
        space.Ip("link", "set", "vb", "up");
        peer.Add("va", 100);
        Connect(space, bridge, peer);

        HostTool.Await("the ring", 40, () => Differs(bridge, peer, "Designated Forwarding", "Designated Forwarding", "forwarding", "blocking"));
        Assert.All(bridge.Status.Ports, port => Assert.False(port.SendsRapid));
        // It prints octets without leading zeros.
        string address = string.Join(':', bridge.Status.Bridge.Address.ToString().Split(':').Select(octet => octet == "00" ? "0" : octet.TrimStart('0')));
        Assert.Equal($"1000.{address}", peer.DesignatedRoot("ta"));

        // It repeats its notification every second until that is acknowledged.
        Assert.InRange(bridge.Status.Ports[0].Counters.NotificationReceived + bridge.Status.Ports[1].Counters.NotificationReceived, 1, 5);
    }

    [SkippableFact]
    public void Both_agree_when_the_kernel_is_root()
    {
        using TestNamespace space = new();
        KernelBridge peer = new(space, "br0", 4096);
        using TapBridge bridge = new(Fast with { Priority = 32768 });
        TapPort first = Connect(space, bridge, peer);

        HostTool.Await("the ring", 40, () => Differs(bridge, peer, "Root Forwarding", "Alternate Discarding", "forwarding", "forwarding"));

        first.SetCarrier(false);
        HostTool.Await("the cut ring", 30, () => Differs(bridge, peer, "Disabled Discarding", "Root Forwarding", "disabled", "forwarding"));
    }

    private static TapPort Connect(TestNamespace space, TapBridge bridge, KernelBridge peer)
    {
        TapPort first = bridge.Add(space, "ta", new PortTreeOptions { PathCost = 100 });
        bridge.Add(space, "tb", new PortTreeOptions { PathCost = 100 });
        peer.Add("ta", 100);
        peer.Add("tb", 100);
        return first;
    }

    private static string? Differs(TapBridge bridge, KernelBridge peer, params string[] expected)
    {
        string[] found = [bridge.Describe(0), bridge.Describe(1), peer.StateOf("ta"), peer.StateOf("tb")];
        return expected.SequenceEqual(found) ? null : $"{string.Join(", ", found)} instead of {string.Join(", ", expected)}";
    }
}
