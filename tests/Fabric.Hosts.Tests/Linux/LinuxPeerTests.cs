using System.Diagnostics;
using System.Security.Cryptography;
using Fabric.Hosts.Dhcp;
using Fabric.Hosts.Messages;
using Fabric.Link;
using static Fabric.Hosts.Tests.Kit.HostNetwork;

namespace Fabric.Hosts.Tests.Linux;

/// <summary>Judged by the kernel's own network stack, and by dnsmasq.</summary>
public sealed class LinuxPeerTests
{
    private const FrameOffloads AllOffloads = FrameOffloads.Checksum | FrameOffloads.TcpV4 | FrameOffloads.TcpV6 | FrameOffloads.Udp;

    private static readonly HostOptions Options = new()
    {
        Name = "host",
        Mac = MacOf(7),
        Addresses = [Prefix("10.7.0.2/24"), Prefix("fd07::2/64")],
        EchoServices = true,
    };

    [SkippableTheory]
    [InlineData("10.7.0.2", "56")]
    [InlineData("10.7.0.2", "65000")]
    [InlineData("fd07::2", "56")]
    [InlineData("fd07::2", "65000")]
    public void LinuxPingsAHost(string address, string size)
    {
        LinuxPeer.Need("ping", "iputils-ping");
        using LinuxPeer peer = new(Options);
        Assert.Contains(" 10 received, 0% packet loss", peer.Inside("ping", "-q", "-c", "10", "-i", "0.01", "-W", "10", "-s", size, "-p", "a5c3", address), StringComparison.Ordinal);
        Assert.Equal(0, peer.Host.Counters.Drops(HostDrop.BadChecksum) + peer.Host.Counters.Drops(HostDrop.Malformed) + peer.Host.Counters.Drops(HostDrop.BadFragment));
    }

    [SkippableTheory]
    [InlineData("10.7.0.1", 56)]
    [InlineData("10.7.0.1", 65000)]
    [InlineData("fd07::1", 65000)]
    public async Task AHostPingsLinux(string address, int size)
    {
        LinuxPeer.Need("ip", "iproute2");
        using LinuxPeer peer = new(Options);
        PingResult result = await peer.Host.PingAsync(Address(address), new PingOptions { Count = 10, Size = size, Interval = TimeSpan.FromMilliseconds(10), Timeout = TimeSpan.FromSeconds(10) });
        Assert.True(result.IsComplete, string.Join(Environment.NewLine, result.Echoes));
    }

    [SkippableTheory]
    [InlineData("10.7.0.2", false, 1500)]
    [InlineData("10.7.0.2", true, 1500)]
    [InlineData("fd07::2", true, 1500)]
    [InlineData("fd07::2", false, 9000)]
    public void LinuxGetsItsBytesBackFromTheEchoPort(string address, bool offloads, int mtu)
    {
        LinuxPeer.Need("bash", "bash");
        using LinuxPeer peer = new(Options with { Offloads = offloads ? AllOffloads : FrameOffloads.None }, offloads, mtu);
        string file = Path.GetTempFileName();
        try
        {
            byte[] bytes = new byte[8 << 20];
            new Random(7).NextBytes(bytes);
            File.WriteAllBytes(file, bytes);
            string script = $"exec 3<>/dev/tcp/{address}/7; (cat {file} >&3) & head -c {bytes.Length} <&3 | sha256sum";
            Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(bytes)), peer.Inside("timeout", "50", "bash", "-c", script).Split(' ')[0]);
        }
        finally
        {
            File.Delete(file);
        }

        Assert.Equal(0, peer.Host.Counters.Drops(HostDrop.BadChecksum));
    }

    [SkippableFact]
    public void LinuxIsToldOfAClosedPort()
    {
        LinuxPeer.Need("bash", "bash");
        using LinuxPeer peer = new(Options);
        Assert.Contains("refused", peer.Inside("bash", "-c", "exec 3<>/dev/tcp/10.7.0.2/9 || true; exec 2>&1; exec 3<>/dev/tcp/fd07::2/9 || true") + peer.Inside("bash", "-c", "(exec 3<>/dev/tcp/10.7.0.2/9) 2>&1 || true"), StringComparison.Ordinal);
        Assert.Contains("refused", peer.Inside("bash", "-c", "exec 3<>/dev/udp/10.7.0.2/99; echo a >&3; sleep 0.2; (echo b >&3) 2>&1 || true"), StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task DnsmasqGivesAnAddressAndAPrefix()
    {
        LinuxPeer.Need("dnsmasq", "dnsmasq-base");
        using LinuxPeer peer = new(Options with { Addresses = [], UseDhcp = true, Autoconfigure = true });
        using Process server = peer.Start(
            "dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--port=0", "--user=root", $"--interface={LinuxPeer.Interface}", "--bind-interfaces", "--leasefile-ro",
            "--pid-file=", "--dhcp-authoritative", "--dhcp-range=10.7.0.50,10.7.0.60,1h", "--dhcp-option=option:router,10.7.0.1", "--dhcp-option=option:dns-server,10.7.0.1,10.7.0.3",
            "--dhcp-option=option:domain-name,lab.example", "--dhcp-option=option:mtu,1400", "--enable-ra", "--dhcp-range=fd07::,ra-only");
        try
        {
            DhcpLease lease = await peer.Host.WaitForLeaseAsync().WaitAsync(TimeSpan.FromSeconds(60));
            Assert.True(Address("10.7.0.32").IsInPrefix(lease.Prefix.Address, 27), $"{lease.Prefix}");
            Assert.Equal("24 10.7.0.1 10.7.0.1 10.7.0.1,10.7.0.3 lab.example 1400 01:00:00", $"{lease.Prefix.Length} {lease.Server} {lease.Router} {string.Join(',', lease.NameServers)} {lease.Domain} {lease.Mtu} {lease.Duration}");
            Assert.Contains(" 3 received", peer.Inside("ping", "-q", "-c", "3", "-i", "0.01", "-s", "3000", $"{lease.Prefix.Address}"), StringComparison.Ordinal);
            for (int i = 0; i < 100 && !peer.Host.Addresses.Any(address => address.Origin == AddressOrigin.Autoconfigured); i++)
                await Task.Delay(100);
            HostAddress formed = Assert.Single(peer.Host.Addresses, address => address.Origin == AddressOrigin.Autoconfigured);
            Assert.Equal("fd07::ff:fe00:7/64", $"{formed.Prefix}");
            Assert.Contains(" 3 received", peer.Inside("ping", "-q", "-c", "3", "-i", "0.01", $"{formed.Address}"), StringComparison.Ordinal);
        }
        finally
        {
            server.Kill();
            await server.WaitForExitAsync();
        }
    }

    [SkippableFact]
    public async Task LinuxIsARouterOnTheWay()
    {
        LinuxPeer.Need("ip", "iproute2");
        using LinuxPeer peer = new(Options with { Gateway = Address("10.7.0.1"), GatewayV6 = Address("fd07::1") });
        peer.Inside("sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1");
        peer.Inside("ip", "link", "add", "far0", "type", "veth", "peer", "name", "far1");
        peer.Inside("ip", "link", "set", "far0", "up");
        peer.Inside("ip", "link", "set", "far1", "up");
        peer.Inside("ip", "route", "add", "10.9.0.0/24", "dev", "far0");
        peer.Inside("ip", "route", "add", "fd09::/64", "dev", "far0");
        foreach ((string to, string router) in new[] { ("10.9.0.9", "10.7.0.1"), ("fd09::9", "fd07::1") })
        {
            IReadOnlyList<TracerouteHop> hops = await peer.Host.TracerouteAsync(Address(to), maxDistance: 3, timeout: TimeSpan.FromSeconds(10));
            Assert.All(hops[0].Probes, probe => Assert.Equal((PingOutcome.TimeExceeded, router), (probe.Outcome, probe.From.ToString())));
            Assert.Equal(2, hops.Count);
            Assert.Contains(hops[1].Probes, probe => probe.Outcome == PingOutcome.Unreachable);
        }
    }
}
