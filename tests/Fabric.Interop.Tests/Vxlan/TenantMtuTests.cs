using System.Globalization;
using Fabric.Daemon.Composition;
using Fabric.Daemon.Control;
using Fabric.Interop.Tests.Peers;
using Fabric.Topology;

namespace Fabric.Interop.Tests.Vxlan;

/// <summary>What stations on a switch with an overlay are told of its MTU by a router there: by DHCP, and by router advertisements.</summary>
public sealed class TenantMtuTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("fab-").FullName;
    private TestNamespace? _station;
    private RunningTopology? _topology;

    // With the process, so that two runs on one machine do not meet.
    private static string Local => string.Create(CultureInfo.InvariantCulture, $"127.{129 + (Environment.ProcessId >> 8 & 0x3F)}.{Environment.ProcessId & 0xFF}");

    public void Dispose()
    {
        _topology?.DisposeAsync().AsTask().Wait();
        _station?.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [SkippableFact]
    public async Task A_client_is_told_by_dhcp_and_takes_it()
    {
        HostTool.Need("dhclient", "isc-dhcp-client");
        TestNamespace station = await StartAsync();
        using PacketCapture capture = new(station, "eth0", "udp port 68");
        string script = Path.Combine(_folder, "script");
        // What dhclient-script of Debian does with these.
        File.WriteAllText(script, "#!/bin/sh\ncase $reason in BOUND|REBOOT) ip link set dev $interface mtu $new_interface_mtu; ip addr add $new_ip_address/24 dev $interface;; esac\n");
        File.SetUnixFileMode(script, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        string[] files = ["-cf", "/dev/null", "-lf", Path.Combine(_folder, "leases"), "-pf", Path.Combine(_folder, "pid")];
        station.Expect(["dhclient", "-1", "-sf", script, .. files, "eth0"]);
        try
        {
            Assert.Contains("interface-mtu 1450;", File.ReadAllText(Path.Combine(_folder, "leases")), StringComparison.Ordinal);
            Assert.Contains(" mtu 1450 ", station.Ip("link", "show", "eth0"), StringComparison.Ordinal);
        }
        finally
        {
            station.Expect(["dhclient", "-x", "-sf", script, .. files, "eth0"]);
        }

        Assert.All(capture.Read("dhcp.option.dhcp == 5", "dhcp.option.interface_mtu"), mtu => Assert.Equal("1450", mtu));
    }

    [SkippableFact]
    public async Task Another_client_is_told_too()
    {
        HostTool.Need("udhcpc", "udhcpc");
        TestNamespace station = await StartAsync();
        string script = Path.Combine(_folder, "script");
        File.WriteAllText(script, "#!/bin/sh\necho told $mtu\n");
        File.SetUnixFileMode(script, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        Assert.Contains("told 1450\n", station.Expect("udhcpc", "-i", "eth0", "-f", "-n", "-q", "-T", "2", "-O", "mtu", "-s", script), StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task The_kernel_takes_it_of_router_advertisements()
    {
        TestNamespace station = await StartAsync();
        using PacketCapture capture = new(station, "eth0", "icmp6");
        // It solicits at once, and is answered at once.
        station.Expect("sh", "-c", "cd /proc/sys/net/ipv6/conf/eth0; echo 0 > accept_dad; echo 0 > router_solicitation_delay");
        station.Ip("link", "set", "eth0", "down");
        station.Ip("link", "set", "eth0", "up");
        HostTool.Await("the MTU of the advertisement", 15, () => station.Expect("cat", "/proc/sys/net/ipv6/conf/eth0/mtu").Trim() is var mtu && mtu == "1450" ? null : mtu);
        HostTool.Await("the address of the prefix", 10, () => station.Ip("-6", "addr", "show", "eth0") is var text && text.Contains("fd00:9:", StringComparison.Ordinal) ? null : text);
        Assert.Contains(" mtu 1500 ", station.Ip("link", "show", "eth0"), StringComparison.Ordinal);
        Assert.Contains("mtu 1450", station.Ip("-6", "route", "show", "default"), StringComparison.Ordinal);
        string[] told = capture.Read("icmpv6.type == 134", "icmpv6.opt.mtu", "_ws.expert.message");
        Assert.NotEmpty(told);
        Assert.All(told, line => Assert.Equal("1450;", line));
    }

    /// <summary>Starts a router and a station whose interface believes in 1500 bytes.</summary>
    private async Task<TestNamespace> StartAsync()
    {
        TestNamespace station = _station = new TestNamespace();
        string file = Path.Combine(_folder, "file.yaml");
        File.WriteAllText(file, $$"""
            switches: { lan: {} }
            routers:
              r1:
                interfaces: { lan: { to: lan, address: 10.9.0.1/24, address6: "fd00:9::1/64" } }
                dhcp: { lan: { range: 10.9.0.100-10.9.0.110 } }
                advertise: [lan]
            taps: { eth0: { to: lan, netns: {{station.Name}} } }
            overlays: { blue: { vni: 100, to: lan, local: {{Local}}.1, remotes: {{Local}}.2 } }
            """);
        StateFolder state = new(Path.Combine(_folder, "state"));
        state.Create();
        _topology = new RunningTopology(TopologyLoader.Load(file), state, TimeProvider.System);
        await _topology.StartAsync(CancellationToken.None);
        Assert.Contains(" mtu 1450 ", station.Ip("link", "show", "eth0"), StringComparison.Ordinal);
        station.Ip("link", "set", "eth0", "mtu", "1500");
        return station;
    }
}
