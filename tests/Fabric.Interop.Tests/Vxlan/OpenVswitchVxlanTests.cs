using Fabric.Interop.Tests.Peers;

namespace Fabric.Interop.Tests.Vxlan;

/// <summary>Open vSwitch's user-space VXLAN as the far end of a tunnel.</summary>
public sealed class OpenVswitchVxlanTests
{
    private const int Vni = 77;
    private const string Ours = "10.7.0.1";
    private const string Theirs = "10.7.0.2";

    [SkippableFact]
    public void Pings_and_Tcp_pass_both_ways()
    {
        HostTool.Need("ping", "iputils-ping");
        HostTool.Need("iperf3", "iperf3");
        using Underlay wire = new(Ours, Theirs, 24);
        wire.FinishChecksums();
        using OpenVswitch peer = new(wire.Far);
        wire.Far.Ip("addr", "flush", "dev", "under");
        peer.Configure("add-br", "phy", "--", "set", "bridge", "phy", "datapath_type=netdev", "--", "add-port", "phy", "under");
        wire.Far.Ip("addr", "add", $"{Theirs}/24", "dev", "phy");
        wire.Far.Ip("link", "set", "phy", "up");
        peer.Configure("add-br", "lan", "--", "set", "bridge", "lan", "datapath_type=netdev", "--", "add-port", "lan", "vx", "--",
            "set", "interface", "vx", "type=vxlan", $"options:remote_ip={Ours}", $"options:key={Vni}");
        wire.Far.Ip("addr", "add", "10.9.0.2/24", "dev", "lan");
        using TunnelSite site = new(wire.Near, Ours, Vni);
        site.AddRemote(Theirs);
        wire.Far.Ip("link", "set", "lan", "mtu", $"{site.Segment.Mtu}", "up");
        TestNamespace host = site.AddHost("10.9.0.1/24");
        HostTool.Await("the first answer", 20, () => Transfer.Answers(host, "10.9.0.2") ? null : site.Describe());
        foreach (int size in (int[])[1400, 8000, 65000])
        {
            Assert.True(Transfer.Answers(host, "10.9.0.2", size), $"{size} bytes to Open vSwitch: {site.Describe()}");
            Assert.True(Transfer.Answers(wire.Far, "10.9.0.1", size), $"{size} bytes from Open vSwitch: {site.Describe()}");
        }

        Transfer.Tcp(wire.Far, host, "10.9.0.2", 40, reverse: false);
        Transfer.Tcp(wire.Far, host, "10.9.0.2", 40, reverse: true);
    }
}
