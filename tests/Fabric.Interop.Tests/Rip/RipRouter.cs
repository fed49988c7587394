using System.Text;
using Fabric.Interop.Tests.Peers;
using Fabric.Link;
using Fabric.Link.Taps;
using Fabric.Routing;
using Fabric.Routing.Rib;
using Fabric.Routing.Rip;
using Fabric.Wire;

namespace Fabric.Interop.Tests.Rip;

/// <summary>A router that speaks RIP and RIPng on two TAPs in real time: on <c>lan</c> with the peer in the namespace, and on <c>cut</c>,
/// a cable for pulling. It has 1,000 static routes of either family to tell of.</summary>
internal sealed class RipRouter : IDisposable
{
    internal const int Routes = 1000;
    private readonly PortWorker _worker = new("rip");
    private readonly Router _router = new(new RouterOptions { Name = "r1" }, TimeProvider.System);
    private readonly RipProcess _rip;
    private readonly RipProcess _ripng;
    private readonly TapPort _lan;
    private readonly TapPort _cut;
    private readonly TestNamespace _space;

    public RipRouter(TestNamespace space, params RipKey[] keys)
    {
        HostTool.Need("ip", "iproute2");
        HostTool.Need("ping", "iputils-ping");
        _space = space;
        // The peer's addresses are to be there at once.
        space.Expect("sh", "-c", "echo 0 > /proc/sys/net/ipv6/conf/default/accept_dad");
        _lan = Open(space, "lan", 1, "10.7.0.1/24", "2001:db8:7::1/64");
        _cut = Open(space, "cut", 2, "10.7.9.1/24", "2001:db8:79::1/64");
        for (int i = 0; i < Routes; i++)
        {
            _router.AddRoute(Own(new IpPrefix(IpAddress.FromV4(Own4(i)), 24)));
            _router.AddRoute(Own(new IpPrefix(IpAddress.FromV6(Own6(i)), 48)));
        }

        RipOptions options = new()
        {
            Interface = new RipInterfaceOptions { Enabled = true, Keys = keys }, Redistribute = new Redistribution([new RedistributionRule(RouteSource.Static)]),
        };
        _rip = new RipProcess(options, TimeProvider.System);
        _ripng = new RipProcess(options with { IsNg = true }, TimeProvider.System);
        space.Ip("addr", "add", "10.7.0.2/24", "dev", "lan");
        space.Ip("addr", "add", "2001:db8:7::2/64", "dev", "lan", "nodad");
    }

    /// <summary>Routes that the peer is to tell of, IPv4.</summary>
    internal static IEnumerable<string> Theirs4 => Enumerable.Range(0, Routes).Select(i => $"100.{64 + (i / 250)}.{i % 250}.0/24");

    /// <summary>Routes that the peer is to tell of, IPv6.</summary>
    internal static IEnumerable<string> Theirs6 => Enumerable.Range(0, Routes).Select(i => $"2001:db8:{0x8000 + i:x}::/48");

    internal void Start()
    {
        // What the peer says to this router alone would wait until it has found it by ARP, and what it says to all would overtake it: a replay.
        HostTool.Await("an answer to the peer", 20, () => HostTool.Run("ip", "netns", "exec", _space.Name, "ping", "-c", "1", "-W", "1", "10.7.0.1") is (not 0, string output) ? output : null);
        _router.AddProtocol(_rip);
        _router.AddProtocol(_ripng);
    }

    /// <summary>What is missing of the peer's routes; null for nothing.</summary>
    internal string? Missing(IEnumerable<string> prefixes)
    {
        HashSet<string> known = [.. _router.Routes.Where(route => route.Source == RouteSource.Rip && route.Metric == 2).Select(route => route.Prefix.ToString())];
        string[] missing = [.. prefixes.Where(prefix => !known.Contains(prefix))];
        return missing.Length == 0 ? null : $"{missing.Length} routes are missing, such as {missing[0]}: {Describe()}";
    }

    internal bool Knows(string prefix) => _router.Routes.Any(route => route.Source == RouteSource.Rip && route.Prefix.ToString() == prefix);

    /// <summary>Pulls the cable that leads nowhere: 10.7.9.0/24 and 2001:db8:79::/64 are gone.</summary>
    internal void Cut() => _cut.SetCarrier(false);

    internal bool Refuses(RipDrop reason) => _router.Inside(_ => _rip.ReadStatus()).Interfaces.Any(one => one.Counters.Drops(reason) != 0);

    /// <summary>Nothing that the peer has said was refused.</summary>
    internal void ExpectNoRefusal() => Assert.DoesNotContain("refused", Describe(), StringComparison.Ordinal);

    public void Dispose()
    {
        _router.Dispose();
        _worker.Dispose();
        _lan.Dispose();
        _cut.Dispose();
    }

    private static uint Own4(int number) => 0xAC10_0000 + ((uint)number << 8);

    private static UInt128 Own6(int number) => new(0x2001_0DB8_0000_0000 + ((ulong)(0x4000 + number) << 16), 0);

    private static Route Own(IpPrefix prefix) => new(prefix, RouteSource.Static, 1, 0, 0, RouteKind.BlackHole, []);

    private TapPort Open(TestNamespace space, string name, byte number, params string[] addresses)
    {
        TapPort port = TapPort.Open(name, new TapOptions(name) { Namespace = space.Name });
        _router.Attach(port, new RouterInterfaceOptions
        {
            Name = name,
            Mac = MacAddress.FromBits(0x0700_0002UL | ((ulong)number << 40)),
            Addresses = [.. addresses.Select(text => IpPrefix.TryParse(text, out IpPrefix prefix) ? prefix : throw new ArgumentException(text))],
        });
        _worker.Add(port, _router);
        return port;
    }

    private string Describe()
    {
        StringBuilder text = new();
        foreach (RipProcess process in (RipProcess[])[_rip, _ripng])
        {
            RipStatus status = _router.Inside(_ => process.ReadStatus());
            foreach (RipInterfaceStatus one in status.Interfaces)
            {
                text.Append($"{process.Name} {one.Interface}: {one.Counters.PacketsReceived} received, {one.Counters.PacketsSent} sent");
                foreach ((RipDrop reason, long count) in one.Counters.AllDrops())
                    text.Append($", {count} refused for {reason}");
                text.Append("; ");
            }
        }

        return text.ToString();
    }
}
