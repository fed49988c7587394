using System.Globalization;
using Fabric.Link;
using Fabric.Link.Taps;
using Fabric.Overlay;
using Fabric.Overlay.Underlays;
using Fabric.Switch;
using Fabric.Wire;

namespace Fabric.SideBySide;

/// <summary>Two namespaces joined by a tunnel over one pair of veth interfaces: two tunnel end points of ours in this process, each with
/// a switch, a TAP and a worker, and the kernel's vxlan interfaces.</summary>
internal static class VxlanComparison
{
    public const string Help = "[--rounds N] [--seconds N]: a VXLAN tunnel between two namespaces: TCP, UDP of 64 bytes, ping (root; iperf3, ping)";

    private const string AddressA = "10.9.0.1";
    private const string AddressB = "10.9.0.2";
    private const string UnderA = "10.7.0.1";
    private const string UnderB = "10.7.0.2";
    private const string LinkA = "fbua";
    private const string LinkB = "fbub";
    private const string HostA = "fabric-bench-ua";
    private const string HostB = "fabric-bench-ub";
    private const int Vni = 42;

    public static int Run(Arguments arguments)
    {
        string seconds = arguments.Number("seconds", 4).ToString(CultureInfo.InvariantCulture);
        int rounds = arguments.Number("rounds", 5);
        Contestant[] With(Func<Dictionary<string, double>> measure) =>
        [
            new("fabric", () => Spaces.Between(Fabric, AddressB, measure)),
            new("kernel", () => Spaces.Between(Kernel, AddressB, measure)),
        ];
        Comparison.Run("TCP through a tunnel", "Gbit/s", true, rounds, With(() => new() { ["tcp"] = Spaces.Tcp(AddressA, seconds) }));
        Comparison.Run("UDP of 64 bytes through a tunnel", "thousands received a second", true, rounds, With(() => new() { ["udp 64"] = Spaces.Udp(AddressA, seconds) }));
        Comparison.Run("ping through a tunnel", "milliseconds", false, rounds, With(() => new() { ["round trip"] = Spaces.Ping(AddressA) }));
        return 0;
    }

    private static Action Kernel()
    {
        MakeUnderlay(Spaces.A, Spaces.B);
        foreach ((string space, string local, string remote, string link, string address) in ((string, string, string, string, string)[])
            [(Spaces.A, UnderA, UnderB, LinkA, AddressA), (Spaces.B, UnderB, UnderA, LinkB, AddressB)])
        {
            Tool.Run("ip", "-n", space, "link", "add", "vx", "type", "vxlan", "id", $"{Vni}", "dstport", "4789", "local", local, "remote", remote, "dev", link);
            Tool.Run("ip", "-n", space, "addr", "add", address + "/24", "dev", "vx");
            Tool.Run("ip", "-n", space, "link", "set", "vx", "up");
        }

        return () => { };
    }

    private static Action Fabric()
    {
        Tool.Run("ip", "netns", "add", HostA);
        Tool.Run("ip", "netns", "add", HostB);
        MakeUnderlay(HostA, HostB);
        Site a = new(HostA, UnderA, UnderB, Spaces.A, AddressA);
        Site b = new(HostB, UnderB, UnderA, Spaces.B, AddressB);
        return () =>
        {
            a.Dispose();
            b.Dispose();
            Tool.Run("ip", "netns", "del", HostA);
            Tool.Run("ip", "netns", "del", HostB);
        };
    }

    private static void MakeUnderlay(string a, string b)
    {
        Tool.Run("ip", "link", "add", LinkA, "type", "veth", "peer", "name", LinkB);
        Spaces.Move(LinkA, a, UnderA + "/24");
        Spaces.Move(LinkB, b, UnderB + "/24");
    }

    private sealed class Site : IDisposable
    {
        private readonly PortWorker _worker;
        private readonly EthernetSwitch _switch = new("site", TimeProvider.System);
        private readonly Vtep _vtep;
        private readonly TapPort _tap;

        internal Site(string under, string local, string remote, string host, string address)
        {
            _ = IpAddress.TryParse(local, out IpAddress ours) & IpAddress.TryParse(remote, out IpAddress theirs);
            _vtep = new Vtep("vtep", UdpUnderlay.Open(new UdpUnderlayOptions(ours) { Namespace = under }), TimeProvider.System);
            VxlanPort segment = _vtep.AddSegment(Vni, "tunnel");
            _vtep.AddRemote(segment, theirs);
            _tap = TapPort.Open("tap", new TapOptions("fbtap") { Namespace = host, Mtu = segment.Mtu });
            Tool.Run("ip", "-n", host, "addr", "add", address + "/24", "dev", "fbtap");
            _switch.Attach(segment);
            _switch.Attach(_tap);
            segment.DeliverTo(_switch);
            _worker = new PortWorker(host);
            _worker.Add(_vtep.Receiver, _vtep.Receiver);
            _worker.Add(_tap, _switch);
        }

        public void Dispose()
        {
            _worker.Dispose();
            _switch.Dispose();
            _tap.Dispose();
            _vtep.Dispose();
        }
    }
}
