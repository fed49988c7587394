using System.Diagnostics;
using Fabric.Interop.Tests.Peers;
using Fabric.Overlay;
using Fabric.Overlay.Underlays;
using Fabric.Wire;

namespace Fabric.Interop.Tests.Vxlan;

/// <summary>The Linux kernel's vxlan interface as the far end of a tunnel.</summary>
public sealed class KernelVxlanTests
{
    private const int Vni = 4242;

    [SkippableTheory]
    [InlineData("10.7.0.1", "10.7.0.2", 24)]
    [InlineData("2001:db8:7::1", "2001:db8:7::2", 64)]
    public void Pings_pass_both_ways_up_to_65000_bytes(string ours, string theirs, int prefix)
    {
        HostTool.Need("ping", "iputils-ping");
        using Underlay wire = new(ours, theirs, prefix);
        KernelEnd.Make(wire.Far, Vni, ours, theirs, "10.9.0.2/24");
        using TunnelSite site = new(wire.Near, ours, Vni);
        site.AddRemote(theirs);
        TestNamespace host = site.AddHost("10.9.0.1/24");
        HostTool.Await("the first answer", 10, () => Transfer.Answers(host, "10.9.0.2") ? null : site.Describe());
        foreach (int size in (int[])[56, 1400, 8000, 65000])
        {
            Assert.True(Transfer.Answers(host, "10.9.0.2", size), $"{size} bytes to the kernel: {site.Describe()}");
            Assert.True(Transfer.Answers(wire.Far, "10.9.0.1", size), $"{size} bytes from the kernel: {site.Describe()}");
        }
    }

    [SkippableTheory]
    [InlineData("10.7.0.1", "10.7.0.2", 24)]
    [InlineData("2001:db8:7::1", "2001:db8:7::2", 64)]
    public void Tcp_passes_both_ways_with_full_offloads(string ours, string theirs, int prefix)
    {
        HostTool.Need("iperf3", "iperf3");
        using Underlay wire = new(ours, theirs, prefix);
        KernelEnd.Make(wire.Far, Vni, ours, theirs, "10.9.0.2/24");
        wire.Far.Ip("addr", "add", "fd00:9::2/64", "dev", "vx", "nodad");
        using TunnelSite site = new(wire.Near, ours, Vni);
        site.AddRemote(theirs);
        TestNamespace host = site.AddHost("10.9.0.1/24");
        host.Ip("addr", "add", "fd00:9::1/64", "dev", "eth0", "nodad");
        foreach (string address in (string[])["10.9.0.2", "fd00:9::2"])
        {
            Transfer.Tcp(wire.Far, host, address, 100, reverse: false);
            Assert.True(site.Segment.Counters.TransmitDrops(Fabric.Link.DropReason.Oversized) == 0, site.Describe());
            Transfer.Tcp(wire.Far, host, address, 100, reverse: true);
        }
    }

    [SkippableTheory]
    [InlineData("10.7.0.1", "10.7.0.2", 24, "239.7.7.7")]
    [InlineData("2001:db8:7::1", "2001:db8:7::2", 64, "ff05::7777")]
    public void Floods_go_both_ways_over_a_multicast_group(string ours, string theirs, int prefix, string group)
    {
        using Underlay wire = new(ours, theirs, prefix);
        HostTool.Expect("ip", "-n", wire.Far.Name, "link", "add", "vx", "type", "vxlan", "id", $"{Vni}", "dstport", "4789", "local", theirs, "group", group, "dev", "under");
        wire.Far.Ip("addr", "add", "10.9.0.2/24", "dev", "vx");
        wire.Far.Ip("link", "set", "vx", "up");
        UdpUnderlayOptions options = new(IpAddress.AnyV4) { MulticastInterface = "under" };
        using TunnelSite site = new(wire.Near, ours, Vni, options, new SegmentOptions { AcceptsUnknownRemotes = true });
        site.AddRemote(group);
        TestNamespace host = site.AddHost("10.9.0.1/24");
        HostTool.Await("the first answer", 10, () => Transfer.Answers(host, "10.9.0.2") ? null : site.Describe());
        Assert.True(Transfer.Answers(wire.Far, "10.9.0.1"), site.Describe());
        _ = IpAddress.TryParse(theirs, out IpAddress far);
        Assert.All(site.Vtep.Stations(site.Segment), entry => Assert.Equal(far, entry.Remote));
    }

    [SkippableTheory]
    [InlineData("10.7.0.1", "10.7.0.2", 24, "noudpcsum", false)]
    [InlineData("10.7.0.1", "10.7.0.2", 24, "noudpcsum", true)]
    [InlineData("10.7.0.1", "10.7.0.2", 24, "udpcsum", false)]
    [InlineData("2001:db8:7::1", "2001:db8:7::2", 64, "udp6zerocsumtx", false)]
    public void Packets_without_outer_checksum_pass_whatever_this_end_makes(string ours, string theirs, int prefix, string option, bool checksums)
    {
        using Underlay wire = new(ours, theirs, prefix);
        wire.FinishChecksums();
        KernelEnd.Make(wire.Far, Vni, ours, theirs, "10.9.0.2/24", option, "udp6zerocsumrx");
        UdpUnderlayOptions options = new(IpAddress.AnyV4) { Checksums = checksums, AcceptsZeroChecksumsV6 = !checksums };
        using TunnelSite site = new(wire.Near, ours, Vni, options);
        site.AddRemote(theirs);
        TestNamespace host = site.AddHost("10.9.0.1/24");
        HostTool.Await("the first answer", 10, () => Transfer.Answers(host, "10.9.0.2") ? null : site.Describe());
        Assert.True(Transfer.Answers(host, "10.9.0.2", 65000) && Transfer.Answers(wire.Far, "10.9.0.1", 65000), site.Describe());
    }

    [SkippableFact]
    public void A_station_that_moves_to_the_other_side_is_reached_within_a_second()
    {
        const string Station = "02:00:00:00:00:50";
        _ = MacAddress.TryParse(Station, out MacAddress station);
        using Underlay wire = new("10.7.0.1", "10.7.0.2", 24);
        KernelEnd.Make(wire.Far, Vni, "10.7.0.1", "10.7.0.2", "10.9.0.2/24");
        using TunnelSite site = new(wire.Near, "10.7.0.1", Vni);
        site.AddRemote("10.7.0.2");
        TestNamespace host = site.AddHost("10.9.0.1/24");
        TestNamespace first = site.AddHost("10.9.0.50/24", station);
        HostTool.Await("the first answer", 10, () => Transfer.Answers(host, "10.9.0.2") ? null : site.Describe());
        Assert.True(Transfer.Answers(host, "10.9.0.50") && Transfer.Answers(wire.Far, "10.9.0.50"), site.Describe());

        // To the kernel's side: it announces itself as any host does.
        first.Ip("link", "set", "eth0", "down");
        wire.Far.Expect("sh", "-c", "echo 1 > /proc/sys/net/ipv4/conf/vx/arp_notify");
        wire.Far.Ip("link", "set", "vx", "down");
        wire.Far.Ip("link", "set", "vx", "address", Station);
        wire.Far.Ip("addr", "add", "10.9.0.50/24", "dev", "vx");
        wire.Far.Ip("link", "set", "vx", "up");
        AssertReached(host, site);
        Assert.Contains(site.Vtep.Stations(site.Segment), entry => entry.Address == station);

        // And back.
        wire.Far.Ip("link", "set", "vx", "down");
        wire.Far.Ip("addr", "del", "10.9.0.50/24", "dev", "vx");
        wire.Far.Ip("link", "set", "vx", "address", "02:00:00:00:00:02");
        first.Expect("sh", "-c", "echo 1 > /proc/sys/net/ipv4/conf/eth0/arp_notify");
        wire.Far.Ip("link", "set", "vx", "up");
        first.Ip("link", "set", "eth0", "up");
        AssertReached(host, site);
        AssertReached(wire.Far, site);
        Assert.DoesNotContain(site.Vtep.Stations(site.Segment), entry => entry.Address == station);
    }

    private static void AssertReached(TestNamespace from, TunnelSite site)
    {
        long began = Stopwatch.GetTimestamp();
        bool reached = SpinWait.SpinUntil(() => from.Expect("sh", "-c", "ping -c 1 -W 1 10.9.0.50 || true").Contains(" 1 received", StringComparison.Ordinal), TimeSpan.FromSeconds(3));
        TimeSpan taken = Stopwatch.GetElapsedTime(began);
        Assert.True(reached && taken < TimeSpan.FromSeconds(1), $"after {taken}: {site.Describe()}");
    }
}
