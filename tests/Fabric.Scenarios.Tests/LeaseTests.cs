using System.Text.RegularExpressions;

namespace Fabric.Scenarios.Tests;

/// <summary>A stock Debian guest that has its addresses from a router.</summary>
[Collection(nameof(Machines))]
public partial class LeaseTests
{
    /// <summary>All that the router tells comes into effect: address, gateway, name servers, MTU, the IPv6 prefix. The lease is short, so that it
    /// is renewed meanwhile.</summary>
    [SkippableFact]
    public async Task A_guest_lives_on_what_its_router_tells_it()
    {
        await using Lab lab = new();
        await Lab.NeedDebianAsync();
        string file = lab.Write("lab.yaml", """
            name: leased
            images: { debian: { pull: debian-riscv64 } }
            switches: { near: , far: }
            disks: { root: { base: debian } }
            vms:
              alice: { image: debian, memory: 256MiB, disks: [root], nics: [{ to: near, dhcp: true, autoconfigure: true }] }
            hosts:
              bob: { to: far, address: 10.2.0.9/24, address6: "fd02::9/64", gateway: r1, gateway6: r1 }
            routers:
              r1:
                interfaces:
                  near: { to: near, address: 10.1.0.1/24, address6: "fd01::1/64", mtu: 1400 }
                  far: { to: far, address: 10.2.0.1/24, address6: "fd02::1/64" }
                dhcp: { near: { range: 10.1.0.100-10.1.0.110, dns: [10.1.0.53, 10.1.0.54], domain: lab.test, lease: 20s, routes: [{ to: 10.9.0.0/16, via: 10.1.0.7 }] } }
                advertise: [near]
            tests:
              - ping: { from: bob, to: alice, within: 60s }
              - ping: { from: alice, to: bob }
              - ping: { from: alice, to: "fd02::9", within: 60s }
              - restart: alice
              - ping: { from: bob, to: alice, within: 60s }
            """);
        Assert.Contains("5 passed, 0 failed", await lab.SucceedAsync("test", file, "--keep"), StringComparison.Ordinal);

        Assert.Equal("search lab.test\nnameserver 10.1.0.53\nnameserver 10.1.0.54\n1400\n", await lab.InGuestAsync("alice", "cat /etc/resolv.conf /sys/class/net/eth0/mtu"));
        Assert.Matches(@"^default via 10\.1\.0\.1 metric \d+ *\n10\.9\.0\.0/16 via 10\.1\.0\.7 metric \d+ *\n$", await lab.InGuestAsync("alice", "ip -4 route show dev eth0 proto dhcp"));
        // The kernel asks for routers a second after its link is up, and again every four.
        const string Default6 = "for i in $(busybox seq 150); do ip -6 route show default | grep . && exit 0; busybox usleep 100000; done";
        Assert.Matches(@"^default via fe80::[0-9a-f:]+ dev eth0 proto ra ", await lab.InGuestAsync("alice", Default6));
        string addresses = await lab.InGuestAsync("alice", "ip -o addr show dev eth0");
        Assert.Contains(" fd01::5054:", addresses, StringComparison.Ordinal);
        Assert.Contains(" inet 10.1.0.100/24 brd 10.1.0.255 ", addresses, StringComparison.Ordinal);
        Assert.Matches(@"alice +running +ready .* 10\.1\.0\.100/24 \(dhcp\) +near ", await lab.SucceedAsync("status"));
        Assert.Matches(@"10\.1\.0\.100 .*alice.*bound", await lab.SucceedAsync("leases", "r1"));

        // The kernel counts the address's time down; that it grows again is the client's doing.
        string left = await lab.InGuestAsync("alice", """
            last=0
            for i in $(busybox seq 300); do
                now=$(ip -o -4 addr show dev eth0 | busybox sed 's/.*valid_lft \([0-9]*\)sec.*/\1/')
                [ "$last" -gt 0 ] && [ "$now" -gt "$last" ] && echo "$last, then $now" && exit 0
                last=$now
                busybox usleep 100000
            done
            exit 1
            """);
        Match grown = Growth().Match(left);
        Assert.True(int.Parse(grown.Groups[1].Value) < int.Parse(grown.Groups[2].Value), left);
    }

    [GeneratedRegex("^([0-9]+), then ([0-9]+)$", RegexOptions.Multiline)]
    private static partial Regex Growth();
}
