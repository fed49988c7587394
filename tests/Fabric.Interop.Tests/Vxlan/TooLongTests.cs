using Fabric.Interop.Tests.Peers;

namespace Fabric.Interop.Tests.Vxlan;

/// <summary>Two kernels that believe in 1500 bytes, with a tunnel of ours between them that carries 1450.</summary>
public sealed class TooLongTests
{
    private const int Vni = 77;

    [SkippableTheory]
    [InlineData("10.9.0.2", 1472, "ping")]
    [InlineData("fd00:9::2", 1452, "ping -6")]
    public void A_ping_that_is_too_long_is_answered_and_the_kernel_remembers(string address, int size, string ping)
    {
        HostTool.Need("ping", "iputils-ping");
        using Underlay wire = new("10.7.0.1", "10.7.0.2", 24);
        using TunnelSite site = Join(wire, out TestNamespace host);
        using PacketCapture capture = new(host, "eth0", "icmp or icmp6");
        HostTool.Await("the first answer", 10, () => Transfer.Answers(host, address) ? null : site.Describe());
        string told = host.Expect("sh", "-c", $"{ping} -M do -c 2 -i 0.2 -W 1 -s {size} {address} || true");
        Assert.Contains(address.Contains(':', StringComparison.Ordinal) ? "Packet too big: mtu=1450" : "Frag needed and DF set (mtu = 1450)", told, StringComparison.Ordinal);
        Assert.Contains("mtu=1450", told, StringComparison.Ordinal);
        Assert.Contains("mtu 1450", host.Ip("route", "get", address), StringComparison.Ordinal);
        Assert.Contains($" 1 received", host.Expect("sh", "-c", $"{ping} -M do -c 1 -W 2 -s {size - 50} {address} || true"), StringComparison.Ordinal);
        Assert.Equal((1, 1), (site.Segment.Events.TooBig, site.Segment.Events.TooBigTold));
        string[] messages = capture.Read("icmp.type == 3 || icmpv6.type == 2", "icmp.code", "icmp.mtu", "icmpv6.mtu", "_ws.expert.message");
        Assert.Equal(address.Contains(':', StringComparison.Ordinal) ? ";;1450;" : "4,0;1450;;", Assert.Single(messages));
    }

    /// <summary>The kernels ask for 1460 bytes and are asked for 1410; in both directions, since nobody at the far end lowers it.</summary>
    [SkippableTheory]
    [InlineData("10.9.0.2", 1410)]
    [InlineData("fd00:9::2", 1390)]
    public void Tcp_is_asked_for_segments_that_fit(string address, int expected)
    {
        HostTool.Need("iperf3", "iperf3");
        using Underlay wire = new("10.7.0.1", "10.7.0.2", 24);
        wire.FinishChecksums();
        using TunnelSite site = Join(wire, out TestNamespace host);
        HostTool.Need("ethtool", "ethtool");
        host.Expect("ethtool", "-K", "eth0", "tx", "off");
        wire.Far.Expect("ethtool", "-K", "vx", "tx", "off");
        HostTool.Await("the first answer", 10, () => Transfer.Answers(host, address) ? null : site.Describe());

        // Without the super-frames that stacks hand down, or are handed, unfinished.
        const string Syns = "tcp[tcpflags] & tcp-syn != 0 or (ip6 proto 6 and ip6[53] & 2 != 0)";
        using PacketCapture near = new(host, "eth0", Syns);
        using PacketCapture far = new(wire.Far, "vx", Syns);
        Transfer.Tcp(wire.Far, host, address, 8, reverse: false);
        Transfer.Tcp(wire.Far, host, address, 8, reverse: true);
        Assert.True(site.Segment.Events.TooBig == 0 && site.Segment.Events.MssClamped >= 8, site.Describe());
        const string Syn = "tcp.flags.syn == 1 && tcp.flags.ack == 0";
        const string SynAck = "tcp.flags.syn == 1 && tcp.flags.ack == 1";
        Assert.All(far.Read(Syn, "tcp.options.mss_val"), size => Assert.Equal($"{expected}", size));
        Assert.All(near.Read(Syn, "tcp.options.mss_val"), size => Assert.Equal($"{expected + 50}", size));
        Assert.All(far.Read(SynAck, "tcp.options.mss_val"), size => Assert.Equal($"{expected + 50}", size));
        string[] lowered = near.Read(SynAck, "tcp.options.mss_val");
        Assert.True(lowered.Length >= 4);
        Assert.All(lowered, size => Assert.Equal($"{expected}", size));
    }

    /// <summary>A router between the ends carries 1400 bytes, and nobody has measured or configured that: what it says of the tunnel's own
    /// packets is passed on to the stations.</summary>
    [SkippableFact]
    public void Tcp_gets_through_a_network_that_carries_less_than_its_first_link()
    {
        HostTool.Need("iperf3", "iperf3");
        using RoutedPath path = new();
        path.Router.Ip("link", "set", "right", "mtu", "1400");
        KernelEnd.Make(path.Far, Vni, "10.7.1.1", "10.7.2.1", "10.9.0.2/24");
        using TunnelSite site = new(path.Near, "10.7.1.1", Vni);
        site.AddRemote("10.7.2.1");
        TestNamespace host = site.AddHost("10.9.0.1/24");
        Assert.Equal(1450, site.Segment.Mtu);
        HostTool.Await("the first answer", 10, () => Transfer.Answers(host, "10.9.0.2") ? null : site.Describe());
        Transfer.Tcp(path.Far, host, "10.9.0.2", 8, reverse: false);
        Transfer.Tcp(path.Far, host, "10.9.0.2", 8, reverse: true);
        Assert.Equal(1350, site.Segment.Mtu);
        Assert.True(site.Segment.Events.TooBigTold > 0, site.Describe());
        Assert.Contains("mtu 1350", host.Ip("route", "get", "10.9.0.2"), StringComparison.Ordinal);
    }

    private static TunnelSite Join(Underlay wire, out TestNamespace host)
    {
        // Without "dev" the kernel does not lower its interface's MTU.
        (int code, string output) = HostTool.Run("ip", "-n", wire.Far.Name, "link", "add", "vx", "mtu", "1500", "type", "vxlan", "id", $"{Vni}", "dstport", "4789", "local", "10.7.0.2", "remote", "10.7.0.1");
        Skip.If(code != 0, $"this host has no vxlan: {output}");
        wire.Far.Ip("addr", "add", "10.9.0.2/24", "dev", "vx");
        wire.Far.Ip("addr", "add", "fd00:9::2/64", "dev", "vx", "nodad");
        wire.Far.Ip("link", "set", "vx", "up");
        TunnelSite site = new(wire.Near, "10.7.0.1", Vni);
        site.AddRemote("10.7.0.2");
        host = site.AddHost("10.9.0.1/24");
        host.Ip("addr", "add", "fd00:9::1/64", "dev", "eth0", "nodad");
        host.Ip("link", "set", "eth0", "mtu", "1500");
        return site;
    }
}
