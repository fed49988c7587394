using Fabric.Interop.Tests.Peers;
using Fabric.Routing;
using Fabric.Routing.Dhcp;
using Fabric.Wire;
using static Fabric.Interop.Tests.Dhcp.TapRouter;

namespace Fabric.Interop.Tests.Dhcp;

/// <summary>Clients that guests use take their addresses from a router.</summary>
public sealed class ClientTests : IDisposable
{
    private static readonly DhcpPool s_pool = new(Prefix("10.77.0.0/24"), Address("10.77.0.100"), Address("10.77.0.110"))
    {
        Lease = TimeSpan.FromSeconds(600),
        NameServers = [Address("10.77.0.2"), Address("10.77.0.3")],
        Domain = "lab.example",
        Mtu = 1400,
        Routes = [(Prefix("10.9.0.0/16"), Address("10.77.0.9")), (IpPrefix.DefaultV4, Address("10.77.0.1"))],
    };

    /// <summary>What a script of udhcpc is told, a line each.</summary>
    private const string Telling = "for name in ip mask router dns domain mtu lease serverid broadcast staticroutes; do eval echo $name=\\$$name; done\n"
        + "[ \"$1\" != bound ] || ip addr add $ip/$mask dev $interface";

    private readonly string _folder = Directory.CreateTempSubdirectory("fabric-dhcp").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    /// <summary>Answered to its Ethernet address, and with -B to all.</summary>
    [SkippableTheory]
    [InlineData("-f")]
    [InlineData("-B")]
    public void BusyboxGetsEverything(string how)
    {
        using TestNamespace space = new();
        HostTool.Need("udhcpc", "udhcpc");
        using TapRouter router = new(space, "cl0", "10.77.0.1/24", s_pool);
        string told = space.Expect("udhcpc", "-i", "cl0", "-f", how, "-n", "-q", "-T", "2", "-x", "hostname:guest", "-O", "mtu", "-O", "staticroutes", "-s", Script(Telling));
        string[] expected =
        [
            "ip=10.77.0.100", "mask=24", "router=10.77.0.1", "dns=10.77.0.2 10.77.0.3", "domain=lab.example", "mtu=1400", "lease=600", "serverid=10.77.0.1",
            "broadcast=10.77.0.255", "staticroutes=10.9.0.0/16 10.77.0.9 0.0.0.0/0 10.77.0.1",
        ];
        Assert.All(expected, line => Assert.Contains($"\n{line}\n", told, StringComparison.Ordinal));
        DhcpLeaseStatus lease = Assert.Single(router.Leases);
        Assert.Equal((DhcpLeaseState.Bound, "guest"), (lease.State, lease.HostName));
    }

    /// <summary>Renews by unicast, with the address that it has.</summary>
    [SkippableFact]
    public void DhclientTakesItsAddressRenewsAndReleasesIt()
    {
        using TestNamespace space = new();
        HostTool.Need("dhclient", "isc-dhcp-client");
        DhcpPool pool = s_pool with { Lease = TimeSpan.FromSeconds(8) };
        using TapRouter router = new(space, "cl0", "10.77.0.1/24", pool);
        string script = Script("case $reason in BOUND|REBOOT) ip addr add $new_ip_address/24 dev $interface;; esac");
        string[] files = ["-cf", "/dev/null", "-lf", Path.Combine(_folder, "leases"), "-pf", Path.Combine(_folder, "pid")];
        space.Expect(["dhclient", "-1", "-sf", script, .. files, "cl0"]);
        try
        {
            Assert.Contains("10.77.0.100/24", space.Ip("addr", "show", "cl0"), StringComparison.Ordinal);
            Assert.Contains("interface-mtu 1400;", File.ReadAllText(Path.Combine(_folder, "leases")), StringComparison.Ordinal);
            space.Expect("ping", "-c", "1", "-W", "2", "10.77.0.1");
            HostTool.Await("two renewals", 30, () => router.Count(DhcpMessageType.Acknowledge) >= 3 ? null : $"{router.Count(DhcpMessageType.Acknowledge)} acknowledged");
            Assert.Equal(1, router.Count(DhcpMessageType.Discover));
        }
        finally
        {
            space.Expect(["dhclient", "-r", "-sf", script, .. files, "cl0"]);
        }

        HostTool.Await("the release", 10, () => router.Leases is [{ State: DhcpLeaseState.Free }] ? null : $"{router.Leases[0]}");
    }

    /// <summary>The first address of the range is a station's own already.</summary>
    [SkippableFact]
    public void AnAddressThatAnswersIsNotGivenOut()
    {
        using TestNamespace space = new();
        HostTool.Need("udhcpc", "udhcpc");
        using TapRouter router = new(space, "cl0", "10.77.0.1/24", s_pool);
        space.Ip("addr", "add", "10.77.0.100/24", "dev", "cl0");
        string told = space.Expect("udhcpc", "-i", "cl0", "-f", "-n", "-q", "-T", "2", "-s", Script(Telling));
        Assert.Contains("\nip=10.77.0.101\n", told, StringComparison.Ordinal);
        Assert.Contains(router.Leases, lease => lease.State == DhcpLeaseState.Declined && lease.Address == Address("10.77.0.100"));
    }

    /// <summary>The client's link has a relay agent, and the server reaches that by a route alone.</summary>
    [SkippableFact]
    public void AClientBehindARelayAgentGetsAnAddressOfItsOwnNetwork()
    {
        using TestNamespace agent = new();
        using TestNamespace client = new();
        HostTool.Need("udhcpc", "udhcpc");
        HostTool.Need("dnsmasq", "dnsmasq-base");
        DhcpPool far = new(Prefix("10.78.0.0/24"), Address("10.78.0.50"), Address("10.78.0.60"));
        using TapRouter router = new(agent, "up0", "10.77.0.1/24", s_pool, far);
        agent.Ip("addr", "add", "10.77.0.2/24", "dev", "up0");
        agent.Ip("link", "add", "ra", "type", "veth", "peer", "name", "ca", "netns", client.Name);
        agent.Ip("addr", "add", "10.78.0.1/24", "dev", "ra");
        agent.Ip("link", "set", "ra", "up");
        client.Ip("link", "set", "ca", "up");
        agent.Expect("sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward");
        router.Router.AddRoute(new Route(Prefix("10.78.0.0/24"), RouteSource.Static, 1, 0, 0, RouteKind.Unicast, [new NextHop(0, Address("10.77.0.2"))]));
        using System.Diagnostics.Process relay = HostTool.Start(
            "ip", "netns", "exec", agent.Name, "dnsmasq", "-d", "-C", "/dev/null", "--port=0", "--dhcp-relay=10.78.0.1,10.77.0.1", "--user=root");
        try
        {
            string told = client.Expect("udhcpc", "-i", "ca", "-f", "-n", "-q", "-t", "8", "-T", "1", "-s", Script(Telling));
            Assert.Contains("\nip=10.78.0.50\n", told, StringComparison.Ordinal);
            Assert.Contains("\nrouter=10.78.0.1\n", told, StringComparison.Ordinal);
        }
        finally
        {
            relay.Kill();
            relay.WaitForExit();
        }
    }

    private string Script(string commands)
    {
        string file = Path.Combine(_folder, "script");
        File.WriteAllText(file, $"#!/bin/sh\n{commands}\n");
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        return file;
    }
}
