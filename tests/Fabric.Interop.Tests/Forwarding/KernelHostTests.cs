using System.Text.RegularExpressions;
using Fabric.Interop.Tests.Peers;
using Fabric.Link;
using Fabric.Link.Taps;
using Fabric.Routing;
using Fabric.Routing.Neighbors;
using Fabric.Wire;

namespace Fabric.Interop.Tests.Forwarding;

/// <summary>Linux at both ends of a router: its ping, traceroute, path MTU discovery, autoconfiguration and TCP are the judges.</summary>
public sealed partial class KernelHostTests : IDisposable
{
    private const string Left4 = "10.77.1.2";
    private const string Right4 = "10.77.2.2";
    private const string Left6 = "2001:db8:77:1::2";
    private const string Right6 = "2001:db8:77:2::2";
    private readonly List<IDisposable> _made = [];
    private readonly PortWorker _worker = new("router");
    private readonly Router _router = new(new RouterOptions { Name = "r1" }, TimeProvider.System);

    public void Dispose()
    {
        _worker.Dispose();
        _router.Dispose();
        foreach (IDisposable made in Enumerable.Reverse(_made))
            made.Dispose();
    }

    [SkippableFact]
    public void Pings_pass_the_router_and_are_answered_by_it()
    {
        HostTool.Need("ping", "iputils-ping");
        (TestNamespace left, _) = Make(1500, 1500);
        foreach (string target in new[] { Right4, "10.77.1.1", "10.77.2.1", Right6, "2001:db8:77:1::1", "2001:db8:77:2::1" })
        {
            string shown = left.Expect("ping", "-c", "3", "-i", "0.2", "-W", "2", target);
            Assert.Contains("3 received", shown, StringComparison.Ordinal);
            Assert.Equal(target is Right4 or Right6 ? "63" : "64", TimeToLive().Match(shown).Groups[1].Value);
        }

        // In pieces, to the router and through it.
        foreach (string target in new[] { Right4, "10.77.1.1", Right6, "2001:db8:77:1::1" })
            Assert.Contains("2 received", left.Expect("ping", "-c", "2", "-i", "0.2", "-s", "9000", target), StringComparison.Ordinal);
    }

    [SkippableFact]
    public void Traceroute_finds_the_router_and_the_host_behind_it()
    {
        HostTool.Need("traceroute", "traceroute");
        (TestNamespace left, TestNamespace right) = Make(1500, 1500);
        foreach ((string family, string router, string target) in new[] { ("-4", "10.77.1.1", Right4), ("-6", "2001:db8:77:1::1", Right6) })
        {
            foreach (string probe in new[] { "-U", "-I" })
            {
                string[] lines = left.Expect("traceroute", family, probe, "-n", "-w", "2", target).Trim().Split('\n');
                Assert.True(lines.Length == 3, $"{string.Join("\n", lines)}\n{Describe(left, right)}");
                Assert.Contains($" {router} ", lines[1], StringComparison.Ordinal);
                Assert.Contains($" {target} ", lines[2], StringComparison.Ordinal);
                Assert.DoesNotContain("!", lines[2], StringComparison.Ordinal);
            }
        }
    }

    [SkippableFact]
    public void Path_MTU_discovery_finds_the_narrow_link()
    {
        HostTool.Need("ping", "iputils-ping");
        (TestNamespace left, _) = Make(1500, 1300);
        foreach ((string family, string target, int headers) in new[] { ("-4", Right4, 28), ("-6", Right6, 48) })
        {
            (_, string refused) = HostTool.Run("ip", "netns", "exec", left.Name, "ping", family, "-c", "2", "-i", "0.3", "-M", "do", "-s", $"{1500 - headers}", target);
            Assert.Contains("1300", refused, StringComparison.Ordinal);
            Assert.Contains("mtu 1300", left.Ip(family, "route", "get", target), StringComparison.Ordinal);
            Assert.Contains("2 received", left.Expect("ping", family, "-c", "2", "-i", "0.2", "-M", "do", "-s", $"{1300 - headers}", target), StringComparison.Ordinal);
        }

        // Where the sender allows, the router cuts.
        left.Ip("route", "flush", "cache");
        Assert.Contains("2 received", left.Expect("ping", "-c", "2", "-i", "0.2", "-M", "dont", "-s", "1472", Right4), StringComparison.Ordinal);
    }

    [SkippableFact]
    public void A_Linux_host_forms_its_address_and_finds_its_way_by_advertisements()
    {
        HostTool.Need("ping", "iputils-ping");
        TestNamespace space = Keep(new TestNamespace());
        space.Expect("sh", "-c", "echo 1 > /proc/sys/net/ipv6/conf/default/accept_ra");
        Add(space, "fwa", 1400, "2001:db8:77:1::1/64", new RouterAdvertisementOptions { MaxInterval = TimeSpan.FromSeconds(4), Lifetime = TimeSpan.FromSeconds(60) });
        _router.AddLoopback(new RouterInterfaceOptions { Name = "lo", Addresses = [Prefix("2001:db8:77:ff::1/128")] });
        HostTool.Await("an address and a route", 20, () =>
        {
            string addresses = space.Ip("-6", "addr", "show", "dev", "fwa");
            string routes = space.Ip("-6", "route");
            return addresses.Contains("2001:db8:77:1:", StringComparison.Ordinal) && !addresses.Contains("tentative", StringComparison.Ordinal)
                && routes.Contains("default via fe80", StringComparison.Ordinal) ? null : addresses + routes;
        });
        Assert.Contains("mtu 1400", space.Ip("-6", "route", "get", "2001:db8:77:ff::1") + space.Expect("sh", "-c", "echo mtu $(cat /proc/sys/net/ipv6/conf/fwa/mtu)"), StringComparison.Ordinal);
        Assert.Contains("2 received", space.Expect("ping", "-c", "2", "-i", "0.2", "2001:db8:77:ff::1"), StringComparison.Ordinal);
    }

    [SkippableTheory]
    [InlineData(Right4, 1500, 1500)]
    [InlineData(Right6, 1500, 1500)]
    [InlineData(Right4, 1500, 1300)]
    [InlineData(Right6, 1500, 1300)]
    public void TCP_passes_with_super_frames(string target, int leftMtu, int rightMtu)
    {
        HostTool.Need("iperf3", "iperf3");
        (TestNamespace left, TestNamespace right) = Make(leftMtu, rightMtu);
        using System.Diagnostics.Process server = HostTool.Start("ip", "netns", "exec", right.Name, "iperf3", "-s", "-1");
        try
        {
            HostTool.Await("a transfer", 30, () =>
            {
                (int code, string output) = HostTool.Run("ip", "netns", "exec", left.Name, "iperf3", "-c", target, "-n", "16M");
                return code == 0 ? null : output;
            });
            PortCounters counters = _made.OfType<TapPort>().First().Counters;
            // iperf3 ends when it has handed over the last byte, which need not be on its way then.
            Assert.True(counters.ReceivedBytes > 8 << 20, $"{counters.ReceivedBytes} bytes");
            Assert.True(counters.ReceivedBytes / counters.ReceivedFrames > 2 * leftMtu, $"{counters.ReceivedFrames} frames, {counters.ReceivedBytes} bytes: {string.Join(' ', _router.Counters.Drops)}");
        }
        finally
        {
            if (!server.HasExited)
                server.Kill();
        }
    }

    [GeneratedRegex(@"ttl=(\d+)")]
    private static partial Regex TimeToLive();

    private static IpPrefix Prefix(string text)
    {
        Assert.True(IpPrefix.TryParse(text, out IpPrefix prefix));
        return prefix;
    }

    /// <summary>What the router and both hosts know, for a failure that comes and goes.</summary>
    private string Describe(TestNamespace left, TestNamespace right) => string.Join(
        '\n',
        [
            $"{_router.Counters} {string.Join(' ', _router.Counters.Drops)}, the worker slept {_worker.Sleeps} times",
            .. _router.Interfaces.Select(link => $"{link.Name} is up: {link.IsUp}, {_router.TrafficOf(link.Index)}"),
            .. _router.Neighbors.Select(entry => $"{entry}"),
            left.Ip("-s", "neigh"),
            right.Ip("-s", "neigh"),
        ]);

    private T Keep<T>(T made)
        where T : IDisposable
    {
        _made.Add(made);
        return made;
    }

    private (TestNamespace Left, TestNamespace Right) Make(int leftMtu, int rightMtu)
    {
        TestNamespace left = Keep(new TestNamespace());
        TestNamespace right = Keep(new TestNamespace());
        Add(left, "fwa", leftMtu, "10.77.1.1/24 2001:db8:77:1::1/64");
        Add(right, "fwb", rightMtu, "10.77.2.1/24 2001:db8:77:2::1/64");
        Address(left, "fwa", Left4, Left6, "10.77.1.1", "2001:db8:77:1::1");
        Address(right, "fwb", Right4, Right6, "10.77.2.1", "2001:db8:77:2::1");
        return (left, right);
    }

    private void Add(TestNamespace space, string name, int mtu, string addresses, RouterAdvertisementOptions? advertisements = null)
    {
        TapPort port = Keep(TapPort.Open(name, new TapOptions(name) { Namespace = space.Name, Mtu = advertisements is null ? mtu : 1500 }));
        _router.Attach(port, new RouterInterfaceOptions
        {
            Name = $"r1.{name}",
            Mac = MacAddress.FromBits(0x01_00_00_00_FA_02 + ((ulong)name[^1] << 40)),
            Addresses = [.. addresses.Split(' ').Select(Prefix)],
            Mtu = mtu,
            Advertisements = advertisements,
        });
        _worker.Add(port, _router);
    }

    private static void Address(TestNamespace space, string link, string v4, string v6, string gateway4, string gateway6)
    {
        space.Ip("addr", "add", $"{v4}/24", "dev", link);
        space.Ip("-6", "addr", "add", $"{v6}/64", "dev", link, "nodad");
        space.Ip("route", "add", "default", "via", gateway4);
        space.Ip("-6", "route", "add", "default", "via", gateway6);
    }
}
