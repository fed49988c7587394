using System.Globalization;
using System.Text.RegularExpressions;
using Fabric.Interop.Tests.Peers;
using Fabric.Link;
using Fabric.Link.Bonding;
using Fabric.Link.Taps;
using Fabric.Switch;
using Fabric.Wire;

namespace Fabric.Interop.Tests.Bonding;

/// <summary>LACP with Open vSwitch's over two cables, and a host behind each side.</summary>
public sealed partial class OpenVswitchBondTests
{
    private const string Peer = "ovs0";
    private const string PeerBond = "bond0";
    private const LacpState InUse = LacpState.Aggregation | LacpState.Synchronization | LacpState.Collecting | LacpState.Distributing;

    [SkippableFact]
    public void Both_use_both_cables_and_the_other_when_one_is_cut()
    {
        using TestNamespace space = new();
        using TestNamespace host = new();
        using OpenVswitch peer = new(space);
        using Side side = new(space, host, isActive: true);
        Negotiate(space, host, peer, side);
        CheckSpread(side, host);

        // Whichever way the echoes go, one of the two cuts is theirs.
        CutWhilePinging(side, peer, host, 0);
        side.Members[0].SetCarrier(true);
        HostTool.Await("the mended bond", 15, () => Differs(side, peer, "ta", "tb"));
        CutWhilePinging(side, peer, host, 1);
        Assert.Equal((0, 0), (side.Lacp(0).Counts.Malformed, side.Lacp(1).Counts.Malformed));
    }

    [SkippableFact]
    public void This_side_may_wait_to_be_spoken_to()
    {
        using TestNamespace space = new();
        using TestNamespace host = new();
        using OpenVswitch peer = new(space);
        using Side side = new(space, host, isActive: false);
        Negotiate(space, host, peer, side);
    }

    [SkippableFact]
    public void Of_cables_that_the_other_side_keeps_apart_one_is_used()
    {
        using TestNamespace space = new();
        using TestNamespace host = new();
        using OpenVswitch peer = new(space);
        using Side side = new(space, host, isActive: true);
        peer.Configure("add-br", Peer, "--", "set", "bridge", Peer, "datapath_type=netdev",
            "--", "add-port", Peer, "ta", "--", "set", "port", "ta", "lacp=active", "other-config:lacp-time=fast",
            "--", "add-port", Peer, "tb", "--", "set", "port", "tb", "lacp=active", "other-config:lacp-time=fast");
        HostTool.Await("the bond", 20, () => side.Used is "ta" or "tb" ? null : $"uses {side.Used}");
        int other = side.Used == "ta" ? 1 : 0;
        HostTool.Await("the other cable", 5, () => side.Lacp(other).Exclusion == LacpExclusion.Individual ? null : $"{side.Lacp(other).Exclusion}");
    }

    private static void Negotiate(TestNamespace space, TestNamespace host, OpenVswitch peer, Side side)
    {
        HostTool.Need("ping", "iputils-ping");
        Connect(space, host, peer);
        HostTool.Await("the bond", 20, () => Differs(side, peer, "ta", "tb"));
        LacpStatus status = side.Lacp(0);
        Assert.Equal(InUse, status.Actor.State & InUse);
        Assert.Equal((side.IsActive, true), (status.Actor.State.HasFlag(LacpState.Activity), status.Partner.State.HasFlag(LacpState.Activity)));
        Agree(side, peer, 0, "ta");
        Agree(side, peer, 1, "tb");
        // The peer learns and sets its flows up.
        HostTool.Await("the first echo", 10, () => HostTool.Run("ip", "netns", "exec", host.Name, "ping", "-c", "1", "-W", "1", "10.9.0.2") is (0, _) ? null : "does not come");
        Assert.Equal(100, Ping(host, 100));
    }

    private static void CutWhilePinging(Side side, OpenVswitch peer, TestNamespace host, int cut)
    {
        long before = side.Bond.Counters.TransmittedFrames;
        Task<int> ping = Task.Run(() => Ping(host, 200));
        Assert.True(SpinWait.SpinUntil(() => side.Bond.Counters.TransmittedFrames > before + 50, 10_000));
        side.Members[cut].SetCarrier(false);
        HostTool.Await("the cut bond", 5, () => Differs(side, peer, cut == 0 ? "tb" : "ta"));
        // This side moves its flows at once. The other hears of the lost carrier in its own time, and what it sends until then is gone.
        Assert.InRange(ping.Result, 180, 200);
        Assert.Equal(20, Ping(host, 20));
    }

    private static void Connect(TestNamespace space, TestNamespace host, OpenVswitch peer)
    {
        peer.Configure("add-br", Peer, "--", "set", "bridge", Peer, "datapath_type=netdev",
            "--", "add-bond", Peer, PeerBond, "ta", "tb", "bond_mode=balance-tcp", "lacp=active", "other-config:lacp-time=fast");
        // The TAPs stand in the peer's namespace, and the host would answer ARP for any of its addresses on them.
        space.Expect("bash", "-c", "echo 1 > /proc/sys/net/ipv4/conf/all/arp_ignore");
        host.Ip("addr", "add", "10.9.0.1/24", "dev", "th");
        space.Ip("addr", "add", "10.9.0.2/24", "dev", Peer);
        space.Ip("link", "set", Peer, "up");
    }

    private static string? Differs(Side side, OpenVswitch peer, params string[] members)
    {
        string expected = string.Join(',', members);
        string bond = peer.Ask("bond/show", PeerBond);
        string theirs = string.Join(',', EnabledMember().Matches(bond).Select(match => match.Groups[1].Value).Order());
        return side.Used == expected && theirs == expected ? null : $"{side.Used} here, {theirs} there, instead of {expected}: {peer.Ask("lacp/show", PeerBond)}";
    }

    // What Open vSwitch says of itself and of this side is what this side says of it and itself.
    private static void Agree(Side side, OpenVswitch peer, int member, string name)
    {
        string show = peer.Ask("lacp/show", PeerBond);
        string section = Regex.Match(show, $@"(?:slave|member): {name}: .*?(?=\n(?:slave|member): |\z)", RegexOptions.Singleline).Value;
        string Read(string what) => Regex.Match(section, $@"{what}: (.*)").Groups[1].Value.Trim();
        LacpStatus status = side.Lacp(member);
        Assert.Contains("current attached", section, StringComparison.Ordinal);
        Assert.Equal(Describe(status.Actor), $"{Read("partner sys_id")} {Read("partner sys_priority")} {Read("partner key")} {Read("partner port_id")} {Read("partner port_priority")} {Read("partner state")}");
        Assert.Equal(Describe(status.Partner), $"{Read("actor sys_id")} {Read("actor sys_priority")} {Read("actor key")} {Read("actor port_id")} {Read("actor port_priority")} {Read("actor state")}");
    }

    private static string Describe(LacpInformation information)
    {
        (LacpState Flag, string Word)[] words =
        [
            (LacpState.Activity, "activity"), (LacpState.ShortTimeout, "timeout"), (LacpState.Aggregation, "aggregation"), (LacpState.Synchronization, "synchronized"),
            (LacpState.Collecting, "collecting"), (LacpState.Distributing, "distributing"), (LacpState.Defaulted, "defaulted"), (LacpState.Expired, "expired"),
        ];
        string state = string.Join(' ', words.Where(word => information.State.HasFlag(word.Flag)).Select(word => word.Word));
        return $"{information.System} {information.SystemPriority} {information.Key} {information.Port} {information.PortPriority} {state}";
    }

    // Echoes that come, of so many.
    private static int Ping(TestNamespace from, int count)
    {
        string told = from.Expect("ping", "-c", $"{count}", "-i", "0.01", "-W", "2", "10.9.0.2");
        Assert.DoesNotContain("DUP", told, StringComparison.Ordinal);
        return int.Parse(Received().Match(told).Groups[1].Value, CultureInfo.InvariantCulture);
    }

    // Datagrams to many ports, which nobody takes: each is answered with an ICMP error or not at all, but leaves by its flow's cable.
    private static void CheckSpread(Side side, TestNamespace from)
    {
        long[] before = [.. side.Members.Select(member => member.Counters.TransmittedFrames)];
        from.Expect("bash", "-c", "for port in {20000..20039}; do echo x > /dev/udp/10.9.0.2/$port; done");
        Assert.True(
            SpinWait.SpinUntil(() => side.Members.Select((member, i) => member.Counters.TransmittedFrames - before[i]).All(sent => sent >= 8), 5000),
            $"{string.Join(", ", side.Members.Select((member, i) => member.Counters.TransmittedFrames - before[i]))}");
    }

    [GeneratedRegex(@"^(?:slave|member) (\w+): enabled", RegexOptions.Multiline)]
    private static partial Regex EnabledMember();

    [GeneratedRegex(@"(\d+) received")]
    private static partial Regex Received();

    /// <summary>A switch with a bond of two TAPs and a TAP for a host, in real time.</summary>
    private sealed class Side : IDisposable
    {
        private readonly TapPort _host;
        private readonly EthernetSwitch _switch = new("side", TimeProvider.System);
        private readonly PortWorker _worker = new("side");

        public Side(TestNamespace space, TestNamespace host, bool isActive)
        {
            IsActive = isActive;
            Members = [Open(space, "ta"), Open(space, "tb")];
            _host = Open(host, "th");
            BondOptions options = new() { SystemAddress = MacAddress.FromBits(0x02_00_00_0E_FA_02), IsActive = isActive, IsFast = true };
            Bond = new BondPort("bond", TimeProvider.System, [.. Members.Select(member => new BondMember(member))], options);
            foreach (IPort port in (IPort[])[Bond, _host])
            {
                _switch.Attach(port);
                _worker.Add(port, _switch);
            }
        }

        public bool IsActive { get; }

        public TapPort[] Members { get; }

        public BondPort Bond { get; }

        /// <summary>The members that distribute, such as "ta,tb".</summary>
        public string Used => string.Join(',', Bond.ReadStatus().Members.Where(member => member.IsDistributing).Select(member => member.Name));

        public LacpStatus Lacp(int member) => Bond.ReadStatus().Members[member].Lacp!;

        public void Dispose()
        {
            _worker.Dispose();
            _switch.Dispose();
            Bond.Dispose();
            _host.Dispose();
        }

        private static TapPort Open(TestNamespace space, string name) => TapPort.Open(name, new TapOptions(name) { Namespace = space.Name });
    }
}
