using Fabric.Interop.Tests.Peers;
using Fabric.Link.Taps;
using Fabric.Switch.SpanningTree;

namespace Fabric.Interop.Tests.SpanningTree;

/// <summary>Rapid spanning tree with Open vSwitch's: a ring of two bridges and two cables.</summary>
public class OpenVswitchTests
{
    private const string Rapid = "ovs0";

    [SkippableFact]
    public void Both_agree_when_this_switch_is_root_and_when_a_cable_is_cut()
    {
        HostTool.Need("ping", "iputils-ping");
        using TestNamespace space = new();
        using TestNamespace host = new();
        using OpenVswitch peer = new(space);
        using TapBridge bridge = new(new SpanningTreeOptions { Priority = 4096 });
        TapPort first = Connect(space, bridge, peer, "32768");
        bridge.Add(host, "th");
        host.Ip("addr", "add", "10.9.0.1/24", "dev", "th");
        space.Ip("addr", "add", "10.9.0.2/24", "dev", Rapid);
        space.Ip("link", "set", Rapid, "up");

        HostTool.Await("the ring", 30, () => Differs(bridge, peer, "Designated Forwarding", "Designated Forwarding", "Root Forwarding", "Alternate Discarding"));
        Assert.All(bridge.Status.Ports, port => Assert.True(port.SendsRapid));
        HostTool.Await("the host's port", 20, () => bridge.Describe(2) == "Designated Forwarding" ? null : bridge.Describe(2));
        Ping(host);

        first.SetCarrier(false);
        HostTool.Await("the cut ring", 15, () => Differs(bridge, peer, "Disabled Discarding", "Designated Forwarding", "Disabled Discarding", "Root Forwarding"));
        Ping(host);
        first.SetCarrier(true);
        HostTool.Await("the mended ring", 20, () => Differs(bridge, peer, "Designated Forwarding", "Designated Forwarding", "Root Forwarding", "Alternate Discarding"));
    }

    [SkippableFact]
    public void Both_agree_when_Open_vSwitch_is_root_and_when_a_cable_is_cut()
    {
        using TestNamespace space = new();
        using OpenVswitch peer = new(space);
        using TapBridge bridge = new(new SpanningTreeOptions { Priority = 61440 });
        TapPort first = Connect(space, bridge, peer, "4096");

        HostTool.Await("the ring", 30, () => Differs(bridge, peer, "Root Forwarding", "Alternate Discarding", "Designated Forwarding", "Designated Forwarding"));
        SpanningTreeStatus status = bridge.Status;
        Assert.Equal(4096, status.Root.Priority);
        Assert.Contains(status.Root.Address.ToString(), peer.Ask("rstp/show", Rapid), StringComparison.Ordinal);

        first.SetCarrier(false);
        HostTool.Await("the cut ring", 15, () => Differs(bridge, peer, "Disabled Discarding", "Root Forwarding", "Disabled Discarding", "Designated Forwarding"));
    }

    // Once the peer has taken notice, each request is answered, and once.
    private static void Ping(TestNamespace from)
    {
        HostTool.Await("an answer", 15, () => from.Expect("sh", "-c", "ping -c 1 -W 1 10.9.0.2 || true").Contains(" 1 received", StringComparison.Ordinal) ? null : "none comes");
        string told = from.Expect("ping", "-c", "10", "-i", "0.01", "-W", "5", "10.9.0.2");
        Assert.Contains(" 10 received", told, StringComparison.Ordinal);
        Assert.DoesNotContain("DUP", told, StringComparison.Ordinal);
    }

    private static TapPort Connect(TestNamespace space, TapBridge bridge, OpenVswitch peer, string priority)
    {
        TapPort first = bridge.Add(space, "ta", new PortTreeOptions { PathCost = 2000 });
        bridge.Add(space, "tb", new PortTreeOptions { PathCost = 2000 });
        peer.Configure("add-br", Rapid, "--", "set", "bridge", Rapid, "datapath_type=netdev", "rstp_enable=true", $"other_config:rstp-priority={priority}",
            "--", "add-port", Rapid, "ta", "--", "set", "port", "ta", "other_config:rstp-path-cost=2000", "other_config:rstp-port-num=1",
            "--", "add-port", Rapid, "tb", "--", "set", "port", "tb", "other_config:rstp-path-cost=2000", "other_config:rstp-port-num=2");
        return first;
    }

    private static string? Differs(TapBridge bridge, OpenVswitch peer, params string[] expected)
    {
        string[] found = [bridge.Describe(0), bridge.Describe(1), peer.RapidPort(Rapid, "ta"), peer.RapidPort(Rapid, "tb")];
        return expected.SequenceEqual(found) ? null : $"{string.Join(", ", found)} instead of {string.Join(", ", expected)}";
    }
}
