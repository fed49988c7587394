using Fabric.Link;
using Fabric.Routing.Acl;
using Fabric.Routing.Tests.Kit;
using Fabric.TestKit;
using Fabric.TestKit.Link;
using Fabric.Wire;
using static Fabric.Routing.Tests.Kit.RoutedNetwork;

namespace Fabric.Routing.Tests.Forwarding;

/// <summary>What packets have in common may make them faster, but nothing else of them: two routers alike, one of which gets whole bursts,
/// the other one frame at a time and in two pieces, and looks at each by an access list, send the same. FABRIC_TEST_COUNT bursts from FABRIC_TEST_SEED.</summary>
public sealed class BurstTests : IDisposable
{
    private const int Station = 90;
    private readonly Random _random = new(TestSeed.Seed);
    private readonly Side _bursts = new(null);
    private readonly Side _pieces = new(new AccessList("all", [], AccessAction.Permit));

    public void Dispose()
    {
        _bursts.Dispose();
        _pieces.Dispose();
    }

    [Fact]
    public void A_burst_fares_like_its_frames_one_by_one_and_in_pieces()
    {
        int count = TestSeed.Count(1_000);
        for (int i = 0; i < count; i++)
        {
            if (_random.Next(8) == 0)
                Change();
            int cable = _random.Next(Side.Cables);
            byte[][] frames = [.. Enumerable.Range(0, _random.Next(1, IPort.MaxBurst + 1)).Select(_ => Next(cable))];
            List<string>[] sent = _bursts.Take(cable, frames, _bursts.Router);
            List<string>[] alone = _pieces.Take(cable, frames, new SplittingSink(_pieces.Router, length => _random.Next(1, length)));
            for (int other = 0; other < sent.Length; other++)
                Assert.Equal(alone[other], sent[other]);
        }

        RouterCounters one = _bursts.Router.Counters;
        RouterCounters other2 = _pieces.Router.Counters;
        Assert.Equal(other2.Drops.OrderBy(drop => drop.Key), one.Drops.OrderBy(drop => drop.Key));
        Assert.Equal(other2 with { Drops = one.Drops }, one);
        Assert.True(one.Forwarded > one.Received / 3 && one.Drops.Count >= 8, $"{one} {string.Join(' ', one.Drops)}");
    }

    /// <summary>A gateway or a route becomes another one, or an interface goes and comes.</summary>
    private void Change()
    {
        int kind = _random.Next(5);
        int link = _random.Next(Side.Cables);
        int number = _random.Next(6);
        foreach (Side side in new[] { _bursts, _pieces })
            side.Change(kind, link, number);
    }

    private byte[] Next(int cable)
    {
        byte[] packet = _random.Next(2) == 0 ? NextV4() : NextV6();
        bool tagged = cable == Side.Trunk ? _random.Next(20) != 0 : _random.Next(20) == 0;
        byte[] frame =
        [
            .. TestFrames.Station(_random.Next(25) == 0 ? 77 : cable + 1), .. _random.Next(60) == 0 ? TestFrames.Broadcast : TestFrames.Station(Station),
            .. tagged ? [0x81, 0, 0, (byte)(_random.Next(15) == 0 ? 9 : 7)] : Array.Empty<byte>(),
            .. packet[0] >> 4 == 4 ? new byte[] { 8, 0 } : [0x86, 0xDD], .. packet,
        ];
        if (_random.Next(40) == 0)
            frame[_random.Next(6, Math.Min(60, frame.Length))] ^= (byte)(1 << _random.Next(8));
        return _random.Next(4) == 0 ? [.. frame, .. new byte[_random.Next(30)]] : frame;
    }

    private byte[] NextV4()
    {
        string to = _random.Next(12) switch
        {
            < 7 => $"20.{_random.Next(6)}.{_random.Next(256)}.7",
            7 => $"30.0.0.{_random.Next(256)}",
            8 => "10.1.0.9",
            9 => $"10.{_random.Next(3)}.0.1",
            10 => "40.0.0.1",
            _ => $"{_random.Next(256)}.{_random.Next(256)}.0.7",
        };
        string from = _random.Next(30) switch { 0 => "169.254.0.9", 1 => "127.0.0.1", _ => "192.0.2.9" };
        byte[] packet = LooseEnd.Udp(from, to, Payload(), HopLimit(), port: (ushort)_random.Next(20), fragment: (ushort)(_random.Next(9) == 0 ? 0x4000 : 0));
        return _random.Next(20) == 0 ? LooseEnd.WithOptions(packet, 1, 1, 1, 0) : packet;
    }

    private byte[] NextV6()
    {
        string to = _random.Next(8) switch
        {
            < 5 => $"2001:db8:{_random.Next(20, 26)}::{_random.Next(9)}",
            5 => "fe80::9",
            6 => "2001:db8:1::9",
            _ => $"{_random.Next(65536):x}:db8::9",
        };
        return LooseEnd.Udp(_random.Next(30) == 0 ? "fe80::8" : "2001:db8:f::9", to, Payload(), HopLimit());
    }

    private int Payload() => _random.Next(10) switch { < 5 => 22, < 8 => _random.Next(130), 8 => _random.Next(1250, 1300), _ => _random.Next(1500) };

    private byte HopLimit() => (byte)(_random.Next(15) == 0 ? 1 : _random.Next(2, 256));

    /// <summary>A router with two plain cables and one with a VLAN; gateways behind each.</summary>
    private sealed class Side : IDisposable
    {
        internal const int Cables = 3;
        internal const int Trunk = 2;
        private readonly RoutedNetwork _network = new();
        private readonly MemoryLink[] _cables = [new("a", "r.a"), new("b", "r.b"), new("c", "r.c")];

        internal Side(AccessList? accessOut)
        {
            Router = _network.AddRouter("r", new RouterOptions { Name = "r", Seed = 1, ErrorsPerSecond = 1e6 });
            for (int i = 0; i < Cables; i++)
            {
                Router.Attach(_cables[i].Second, new()
                {
                    Name = $"r.{i}", Mac = MacOf(i + 1), Vlan = i == Trunk ? 7 : null, Mtu = i == 1 ? 1280 : 1500, AccessOut = accessOut, Addresses = [Prefix($"10.{i}.0.1/24"), Prefix($"2001:db8:{i}::1/64")],
                });
                Router.AddNeighbor(i, Address($"10.{i}.0.9"), MacOf(Station));
                Router.AddNeighbor(i, Address($"2001:db8:{i}::9"), MacOf(Station + 1 + i));
                AddStatic(Router, $"20.{i}.0.0/16", i, $"10.{i}.0.9");
                AddStatic(Router, $"20.{i + 3}.0.0/16", i, $"10.{i}.0.9");
                AddStatic(Router, $"2001:db8:{20 + i}::/48", i, $"2001:db8:{i}::9");
                AddStatic(Router, $"2001:db8:{23 + i}::/48", i, $"2001:db8:{i}::9");
            }

            NextHop[] both = [new(0, Address("10.0.0.9")), new(1, Address("10.1.0.9"))];
            Router.AddRoute(new Route(Prefix("30.0.0.0/8"), RouteSource.Static, 1, 0, 0, RouteKind.Unicast, both));
            Router.AddRoute(new Route(Prefix("40.0.0.0/8"), RouteSource.Static, 1, 0, 0, RouteKind.Prohibited, []));
            Clear();
        }

        internal Router Router { get; }

        /// <summary>Takes frames through.</summary>
        /// <returns>For each cable, the frames forwarded to it in their order, and how many others there were.</returns>
        internal List<string>[] Take(int cable, byte[][] frames, IFrameSink sink)
        {
            _cables[cable].First.SendBurst(frames);
            _cables[cable].Second.Receive(sink);
            return [.. _cables.Select(Forwarded)];
        }

        internal void Change(int kind, int link, int number)
        {
            switch (kind)
            {
                case 0:
                    Router.AddNeighbor(link, Address($"10.{link}.0.9"), MacOf(Station + number));
                    break;
                case 1:
                    AddStatic(Router, $"20.{number}.0.0/16", link, $"10.{link}.0.9");
                    break;
                case 2:
                    AddStatic(Router, $"2001:db8:{20 + number}::/48", link, $"2001:db8:{link}::9");
                    break;
                case 3:
                    Router.RemoveRoute(RouteSource.Static, Prefix($"20.{number}.0.0/16"));
                    break;
                default:
                    _cables[link].SetUp(number >= 2);
                    _network.Run(0.01);
                    break;
            }
        }

        public void Dispose()
        {
            _network.Dispose();
            foreach (MemoryLink cable in _cables)
                cable.Dispose();
        }

        private void Clear()
        {
            foreach (MemoryLink cable in _cables)
                cable.First.ReceiveAll();
        }

        private static List<string> Forwarded(MemoryLink cable)
        {
            List<byte[]> all = [.. cable.First.ReceiveAll().Select(frame => frame.Bytes)];
            List<byte[]> forwarded = all.FindAll(frame => !IsOwn(frame));
            return [.. forwarded.Select(Convert.ToHexString), $"and {all.Count - forwarded.Count}"];
        }

        /// <summary>The router's own packets: errors, questions.</summary>
        private static bool IsOwn(byte[] frame)
        {
            int header = frame[12] == 0x81 ? 18 : 14;
            return frame[header - 2] switch { 0x86 => frame[header + 6] != (byte)IpProtocol.Udp, 8 => frame[header - 1] != 0 || frame[header + 9] != (byte)IpProtocol.Udp, _ => true };
        }
    }
}
