using System.Diagnostics;
using System.Globalization;
using Fabric.Interop.Tests.Peers;
using Xunit.Abstractions;

namespace Fabric.Scenarios.Tests.Overlays;

/// <summary>Guests on both sides of tunnels: of another Fabric, of the Linux kernel, of Open vSwitch.</summary>
[Collection(nameof(Machines))]
public sealed class GuestsAcrossSitesTests(TwoSites sites, ITestOutputHelper log) : IClassFixture<TwoSites>
{
    private const string Station = "02:00:00:00:00:50";
    private const string Moving = "10.9.0.50";
    private static readonly string[] s_guests = [TwoSites.Alice, TwoSites.Bob];

    [SkippableFact]
    public async Task Guests_on_both_sides_exchange_all_kinds_of_traffic_unchanged()
    {
        HostTool.Need("ping", "iputils-ping");
        await sites.NeedAsync();
        await GuestTraffic.PingAsync(sites.InAlice, TwoSites.Bob);
        await GuestTraffic.PingAsync(sites.InBob, TwoSites.Alice);

        await GuestTraffic.ServeAsync(sites.InBob);
        (double there, double back) = await GuestTraffic.IperfAsync(sites.InAlice, TwoSites.Bob);
        log.WriteLine($"guest to guest {there / 1e6:f0} Mbit/s, back {back / 1e6:f0} Mbit/s");

        // Inside the tunnel frames are as the guest gave them: longer than any wire takes.
        Task<string> long1 = sites.West.SucceedAsync("capture", "alice.0", "-t", "two-west", "-c", "1", "-f", "greater 4000 and tcp port 5001");
        Task<string> inner = sites.West.SucceedAsync("capture", "blue", "-t", "two-west", "-c", "1", "-f", "greater 4000 and tcp port 5001");
        await GuestTraffic.CopyBetweenGuestsAsync(sites.InAlice, sites.InBob, TwoSites.Bob);
        await GuestTraffic.CopyBetweenGuestsAsync(sites.InBob, sites.InAlice, TwoSites.Alice);
        Assert.Contains("10.9.0.1", await long1, StringComparison.Ordinal);
        Assert.Contains("10.9.0.2", await inner, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task A_capture_outside_the_tunnel_shows_its_packets_and_why_some_are_refused()
    {
        HostTool.Need("tshark", "tshark");
        await sites.NeedAsync();
        string file = sites.West.Write("outer.pcapng", "");
        // Ten pings are twenty packets; ARP may add some before.
        Task<string> written = sites.West.SucceedAsync("capture", "blue", "-t", "two-west", "--outside", "-f", "greater 130", "-c", "20", "-w", file);
        using Process live = sites.West.Start("capture", "blue", "-t", "two-west", "--outside", "--drops", "-c", "1");
        Task<string> refused = live.StandardOutput.ReadToEndAsync();
        while (!(written.IsCompleted && refused.IsCompleted))
        {
            await sites.InAlice($"ping -c 10 -i 0.05 -W 5 {TwoSites.Bob}");
            sites.EastMachine.Expect("bash", "-c", @"printf '\x08\0\0\0\0\0\x07\0hello' > /dev/udp/10.7.0.1/4789");
        }

        await written;
        Assert.Matches(@"10\.7\.0\.1:4789 +in +IP 10\.7\.0\.2\.\d+ > 10\.7\.0\.1\.4789: VXLAN vni 7: .*\(dropped: a segment that this end does not have\)", await refused);
        Assert.Contains("overlay blue, VNI 100", HostTool.ExpectOutput("capinfos", file), StringComparison.Ordinal);
        string[] packets = HostTool.ExpectOutput("tshark", "-r", file, "-o", "ip.check_checksum:TRUE", "-o", "udp.check_checksum:TRUE", "-T", "fields", "-E", "separator=;",
            "-e", "vxlan.vni", "-e", "ip.src", "-e", "frame.protocols", "-e", "udp.checksum.status", "-e", "icmp.checksum.status", "-e", "_ws.malformed").TrimEnd('\n').Split('\n');
        // Beside the pings there may be what the guests tell their neighbours.
        Assert.All(packets, packet => Assert.Matches(@"^100;10\.7\.0\.[12][^;]*;eth:ethertype:ip:udp:vxlan:eth:[^;]*;1[^;]*;1?;$", packet));
        Assert.All((int[])[1, 2], side => Assert.True(packets.Count(packet => packet.StartsWith($"100;10.7.0.{side},10.9.0.{side};eth:ethertype:ip:udp:vxlan:eth:ethertype:ip:icmp:data;1;1;", StringComparison.Ordinal)) >= 5));
        CommandResult wrong = await sites.West.FabricAsync("capture", "west-lan", "-t", "two-west", "--outside");
        Assert.Contains("no overlay 'west-lan'; it has ", wrong.Error, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task A_station_that_moves_to_the_other_side_is_reached_within_a_second_by_the_guests_of_both()
    {
        HostTool.Need("tcpdump", "tcpdump");
        await sites.NeedAsync();
        foreach (TestNamespace host in (TestNamespace[])[sites.Here, sites.There])
        {
            host.Ip("link", "set", "eth0", "down");
            host.Ip("link", "set", "eth0", "address", Station);
            host.Ip("addr", "replace", $"{Moving}/24", "dev", "eth0");
            host.Expect("sh", "-c", "echo 1 > /proc/sys/net/ipv4/conf/eth0/arp_notify");
        }

        sites.Here.Ip("link", "set", "eth0", "up");
        foreach (Func<string, Task<string>> guest in (Func<string, Task<string>>[])[sites.InAlice, sites.InBob])
            await guest($"ping -c 1 -W 5 {Moving} && (ping -i 0.05 -c 1200 {Moving} > /dev/null 2>&1 &)");
        await MoveAsync(sites.Here, sites.There);
        await MoveAsync(sites.There, sites.Here);
        await sites.InAlice("kill $(pidof ping)");
        await sites.InBob("kill $(pidof ping)");
    }

    [SkippableFact]
    public async Task A_guest_and_a_Linux_vxlan_interface_exchange_all_kinds_of_traffic_in_sound_packets()
    {
        HostTool.Need("ethtool", "ethtool");
        HostTool.Need("iperf3", "iperf3");
        await sites.NeedAsync();
        TestNamespace linux = sites.Linux;
        (int code, string output) = HostTool.Run("ip", "-n", linux.Name, "link", "add", "vx", "type", "vxlan", "id", "200", "dstport", "4789", "local", "10.8.0.2", "remote", "10.8.0.1", "dev", "under");
        Skip.If(code != 0, $"this host has no vxlan: {output}");
        linux.Ip("addr", "add", $"{TwoSites.Kernel}/24", "dev", "vx");
        linux.Ip("link", "set", "vx", "up");
        await ExchangeAsync(linux, TwoSites.Kernel, "kern", 200);
        // From the kernel's segment through the switch into the one to the other site.
        Assert.Contains(" 1 received", linux.Expect("ping", "-c", "1", "-W", "5", TwoSites.Bob), StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task A_guest_and_an_Open_vSwitch_exchange_all_kinds_of_traffic_in_sound_packets()
    {
        HostTool.Need("ethtool", "ethtool");
        HostTool.Need("iperf3", "iperf3");
        await sites.NeedAsync();
        TestNamespace machine = sites.VswitchMachine;
        machine.Expect("ethtool", "-K", "under", "tx", "off");
        using OpenVswitch peer = new(machine);
        machine.Ip("addr", "flush", "dev", "under");
        peer.Configure("add-br", "phy", "--", "set", "bridge", "phy", "datapath_type=netdev", "--", "add-port", "phy", "under");
        machine.Ip("addr", "add", "10.6.0.2/24", "dev", "phy");
        machine.Ip("link", "set", "phy", "up");
        peer.Configure("add-br", "lan", "--", "set", "bridge", "lan", "datapath_type=netdev", "--", "add-port", "lan", "vx", "--",
            "set", "interface", "vx", "type=vxlan", "options:remote_ip=10.6.0.1", "options:key=300");
        machine.Ip("addr", "add", $"{TwoSites.Vswitch}/24", "dev", "lan");
        machine.Ip("link", "set", "lan", "mtu", "1450", "up");
        await ExchangeAsync(machine, TwoSites.Vswitch, "ovs", 300);
    }

    /// <summary>Pings, iperf3 and files between the guest at west and a far end, and Wireshark's word on what is on the cable between.</summary>
    private async Task ExchangeAsync(TestNamespace far, string address, string cable, int vni)
    {
        Func<string, Task<string>> there = GuestTraffic.In(far);
        // As a network card leaves them.
        far.Expect("ethtool", "-K", "under", "tx", "off");
        sites.WestMachine.Expect("ethtool", "-K", cable, "tx", "off");
        using TunnelCapture capture = new(sites.WestMachine, cable);
        await GuestTraffic.PingAsync(sites.InAlice, address);
        await GuestTraffic.PingAsync(there, TwoSites.Alice);
        await GuestTraffic.ServeAsync(sites.InAlice);
        (double toGuest, double fromGuest) = await GuestTraffic.IperfAsync(there, TwoSites.Alice);
        log.WriteLine($"to the guest {toGuest / 1e6:f0} Mbit/s, from it {fromGuest / 1e6:f0} Mbit/s");
        await GuestTraffic.CopyAsync(sites.InAlice, there, TwoSites.Alice);
        log.WriteLine($"{capture.Judge(vni)} packets on the cable");
    }

    /// <summary>Takes a station from one side to the other while the guests ping it, and measures from its announcement to its first
    /// answers, all at the interface where it is now.</summary>
    private async Task MoveAsync(TestNamespace from, TestNamespace to)
    {
        using Process dump = HostTool.Start("ip", "netns", "exec", to.Name, "tcpdump", "-i", "any", "-n", "-tt", "-l", "arp or icmp");
        await dump.StandardError.ReadLineAsync();
        Task<string> rest = dump.StandardError.ReadToEndAsync();
        List<string> lines = [];
        try
        {
            from.Ip("link", "set", "eth0", "down");
            to.Ip("link", "set", "eth0", "up");
            while (!s_guests.All(guest => Find(lines, guest) > 0) && await dump.StandardOutput.ReadLineAsync() is { } line && lines.Count < 1000)
                lines.Add(line);
        }
        finally
        {
            HostTool.Expect("kill", "-TERM", $"{dump.Id}");
            await rest;
        }

        double announced = TimeOf(lines.Find(line => line.Contains("Out ARP, ", StringComparison.Ordinal) && line.Contains($" {Moving} tell {Moving}", StringComparison.Ordinal)));
        foreach (string guest in s_guests)
        {
            double taken = Find(lines, guest) - announced;
            log.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{guest}: {taken * 1000:f1} ms"));
            Assert.True(announced > 0 && Math.Abs(taken) < 1, string.Join('\n', lines));
        }
    }

    private static double Find(List<string> lines, string guest) => TimeOf(lines.Find(line => line.Contains($"Out IP {Moving} > {guest}: ICMP echo reply", StringComparison.Ordinal)));

    private static double TimeOf(string? line) => line is null ? 0 : double.Parse(line.Split(' ')[0], CultureInfo.InvariantCulture);
}
