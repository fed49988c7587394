using System.Buffers.Binary;
using System.Text;
using Fabric.Routing.Protocols;
using Fabric.Routing.Rib;
using Fabric.Routing.Rip;
using Fabric.Routing.Tests.Rip.Simulation;
using Fabric.TestKit;
using Fabric.Wire;
using static Fabric.Routing.Tests.Rip.Simulation.Network;

namespace Fabric.Routing.Tests.Rip;

/// <summary>Packets of all kinds, changed and cut off, into routers that go on working. FABRIC_TEST_COUNT is their number.</summary>
public sealed class FuzzTests
{
    private const int RouteLimit = 300;
    private const int NeighborLimit = 20;
    private readonly Random _random = new(TestSeed.Seed);
    private readonly Network _network = new(TestSeed.Seed);

    [Fact]
    public void NothingBreaksARouterOrGrowsItsTables()
    {
        List<Listener.Packet> samples = Harvest();
        RipInterfaceOptions on = new() { Enabled = true };
        RipOptions limits = new() { Interface = on, RouteLimit = RouteLimit, NeighborLimit = NeighborLimit, Redistribute = new Redistribution([new RedistributionRule(RouteSource.Static)]) };
        SimulatedRouter[] targets =
        [
            _network.AddRouter("plain", limits, limits with { IsNg = true }),
            _network.AddRouter("signed", limits with { Interface = on with { Keys = [Key] } }),
            _network.AddRouter("single", limits with { MaxPaths = 1, Interface = on with { SplitHorizon = RipSplitHorizon.Off, Send = RipVersions.Both } }, limits with { IsNg = true, MaxPaths = 1 }),
        ];
        foreach (SimulatedRouter target in targets)
            _network.AddSegment().Attach(target, "10.0.0.200/24 10.0.1.200/24 2001:db8::200/64 fe80::200/64");
        for (int i = TestSeed.Count(60_000); i > 0; i--)
        {
            Listener.Packet sample = samples[_random.Next(samples.Count)];
            byte[] bytes = Mutate(sample);
            bool ng = sample.Port == 521;
            IpAddress source = ng
                ? IpAddress.FromV6(new UInt128(0xFE80_0000_0000_0000, (uint)_random.Next(40)))
                : IpAddress.FromV4(0x0A000000 + (uint)_random.Next(600));
            ushort port = (ushort)(ng ? 521 : 520);
            foreach (SimulatedRouter target in targets)
                target.Accept(new Datagram(0, source, _random.Next(20) == 0 ? (ushort)_random.Next(65536) : port, Address("224.0.0.9"), port, (byte)(ng ? 255 : 1), bytes));
            if (i % 64 != 0)
                continue;
            _network.RunFor(_random.NextDouble() * 4);
            Change(targets[_random.Next(targets.Length)]);
            foreach (SimulatedRouter target in targets)
                Check(target);
        }

        // They still work.
        _network.RunFor(400);
        foreach (SimulatedRouter target in targets)
        {
            target.Rip.Reconfigure(limits);
            target.SetUp(0, true);
            Assert.DoesNotContain(target.Routes.Best, route => route.Source == RouteSource.Rip);
            Stranger stranger = new(_network, _network.Segments.Single(segment => segment.Ends.Any(end => end.Router == target)), "10.0.0.9/24");
            stranger.Respond("10.0.0.9", Stranger.Entry("100.64.0.0/16", 1));
            Assert.Equal("2 via 10.0.0.9", target.Describe("100.64.0.0/16"));
        }
    }

    [Fact]
    public void TheTableIsADictionary()
    {
        RipTable table = new((ulong)_random.NextInt64());
        Dictionary<IpPrefix, int> model = [];
        for (int i = TestSeed.Count(100_000); i > 0; i--)
        {
            IpPrefix prefix = new IpPrefix(
                _random.Next(2) == 0 ? IpAddress.FromV4((uint)_random.Next(64) << 24) : IpAddress.FromV6((UInt128)_random.Next(64) << 64), 8 + _random.Next(4)).Network;
            int place = table.Find(prefix.Address, prefix.Length);
            Assert.Equal(model.GetValueOrDefault(prefix, RipTable.None), place);
            if (place == RipTable.None)
            {
                place = table.Add(prefix.Address, prefix.Length);
                table[place].Metric = 1;
                model.Add(prefix, place);
            }
            else if (_random.Next(2) == 0)
            {
                table.Remove(place);
                model.Remove(prefix);
            }
            else
            {
                table.AddPath(place, new RipPath { Neighbor = _random.Next(5) });
            }

            Assert.Equal(model.Count, table.Count);
        }

        Assert.Equal(model.Count, table.Routes.ToArray().Count(route => route.IsUsed));
        Assert.InRange(table.End, model.Count, 64 * 2 * 4);
    }

    private static RipKey Key => new() { Id = 3, Algorithm = RipAlgorithm.KeyedMd5, Secret = Encoding.ASCII.GetBytes("secret") };

    private static void Check(SimulatedRouter router)
    {
        // The network of the link may come on top.
        Assert.InRange(router.Rip.Count, 0, RouteLimit + 3);
        RipStatus status = router.Status;
        Assert.InRange(status.Neighbors.Count, 0, NeighborLimit);
        int learned = status.Routes.Count(route => route.Origin == RipOrigin.Learned && route.Metric < 16);
        Assert.Equal(learned, router.Routes.Routes.Count(route => route.Source == RouteSource.Rip && route.Prefix.IsV4));
        Assert.Equal(status.Routes.Where(route => route.Origin == RipOrigin.Learned).Sum(route => route.NextHops.Length), status.Neighbors.Sum(neighbor => neighbor.Routes));
        Assert.All(status.Routes, route => Assert.True(route.Metric is >= 1 and <= 16 && route.Prefix.Network == route.Prefix && (route.Metric == 16) == (route.NextHops.Length == 0)));
    }

    private void Change(SimulatedRouter router)
    {
        switch (_random.Next(12))
        {
            case 0:
                router.SetUp(0, !router.Interfaces[0].IsUp);
                break;
            case 1:
                router.AddStatic($"172.{_random.Next(16, 32)}.0.0/16", "10.0.0.77");
                break;
            case 2:
                router.RemoveStatic($"172.{_random.Next(16, 32)}.0.0/16");
                break;
        }
    }

    private byte[] Mutate(Listener.Packet sample)
    {
        byte[] bytes = [.. sample.Bytes];
        for (int changes = _random.Next(4); changes > 0; changes--)
        {
            int at = _random.Next(bytes.Length);
            switch (_random.Next(4))
            {
                case 0:
                    bytes[at] ^= (byte)(1 << _random.Next(8));
                    break;
                case 1 when at + 4 <= bytes.Length:
                    BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(at), (uint)_random.Next(20));
                    break;
                case 2:
                    bytes = bytes[..at];
                    break;
                default:
                    // A valid entry with another address, metric and next hop: this is what reaches the table.
                    int entry = 4 + (20 * _random.Next(Math.Max(1, (bytes.Length - 4) / 20)));
                    if (entry + 20 > bytes.Length || sample.Port == 521)
                        break;
                    Stranger.Entry($"{_random.Next(1, 230)}.{_random.Next(8)}.0.0/16", (uint)_random.Next(1, 17), $"10.0.{_random.Next(3)}.{_random.Next(3) * 100}").CopyTo(bytes, entry);
                    break;
            }

            if (bytes.Length == 0)
                break;
        }

        return bytes;
    }

    /// <summary>What routers of all kinds say to each other.</summary>
    private static List<Listener.Packet> Harvest()
    {
        Network network = new(TestSeed.Seed);
        List<Listener> listeners = [];
        foreach (RipInterfaceOptions link in (RipInterfaceOptions[])
            [new(), new() { Send = RipVersions.Both }, new() { Keys = [Key] }, new() { Keys = [Key with { Algorithm = RipAlgorithm.Password }] }, new() { Keys = [Key with { Algorithm = RipAlgorithm.HmacSha256 }] }])
        {
            RipOptions options = new() { Interface = link with { Enabled = true }, Redistribute = new Redistribution([new RedistributionRule(RouteSource.Static)]) };
            SimulatedRouter one = network.AddRouter("one", options, options with { IsNg = true });
            SimulatedRouter two = network.AddRouter("two", options, options with { IsNg = true });
            for (int i = 0; i < 60; i++)
            {
                one.AddStatic($"172.16.{i}.0/24", "10.0.0.44");
                two.AddStatic($"2001:db8:{i:x}::/48", "fe80::44");
            }

            Segment cable = network.Connect(one, "10.0.0.1/24 fe80::1/64", two, "10.0.0.2/24 fe80::2/64");
            listeners.Add(new Listener(network, cable));
        }

        network.RunFor(60);
        return [.. listeners.SelectMany(listener => listener.Packets.Take(60))];
    }
}
