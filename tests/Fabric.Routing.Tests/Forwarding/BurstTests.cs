using Fabric.Link;
using Fabric.Routing.Tests.Kit;
using Fabric.TestKit;
using Fabric.TestKit.Link;

namespace Fabric.Routing.Tests.Forwarding;

/// <summary>What packets have in common may make them faster, but nothing else of them: two routers alike, one of which gets whole bursts,
/// the other one frame at a time and in two pieces, and remembers nothing of those before, send the same: through gateways, to stations
/// on the links, over equal paths and past access lists, while stations come, move and fall silent. FABRIC_TEST_COUNT bursts from
/// FABRIC_TEST_SEED.</summary>
public sealed class BurstTests : IDisposable
{
    private readonly Random _random = new(TestSeed.Seed);
    private string _manyTo = "20.0.0.7";
    private readonly BurstSide _bursts = new(null);
    private readonly BurstSide _pieces = new(new Random(TestSeed.Seed));

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
            if (_random.Next(6) == 0)
                Change();
            int cable = _random.Next(BurstSide.Cables);
            if (_random.Next(4) == 0)
                _manyTo = TargetV4();
            byte[][] frames = [.. Enumerable.Range(0, _random.Next(1, IPort.MaxBurst + 1)).Select(_ => Next(cable))];
            List<string>[] sent = _bursts.Take(cable, frames);
            List<string>[] alone = _pieces.Take(cable, frames);
            for (int other = 0; other < sent.Length; other++)
                Assert.Equal(alone[other], sent[other]);
        }

        RouterCounters one = _bursts.Counters;
        RouterCounters other2 = _pieces.Counters;
        Assert.Equal(other2.Drops.OrderBy(drop => drop.Key), one.Drops.OrderBy(drop => drop.Key));
        Assert.Equal(other2 with { Drops = one.Drops }, one);
        Assert.Equal(_pieces.Hits, _bursts.Hits);
        Assert.Equal(_pieces.Router.Neighbors.Select(entry => $"{entry}").Order(), _bursts.Router.Neighbors.Select(entry => $"{entry}").Order());
        Assert.True(one.Forwarded > one.Received / 5 && one.Drops.Count >= 8, $"{one} {string.Join(' ', one.Drops)}");
    }

    /// <summary>Something becomes another one, comes or goes.</summary>
    private void Change()
    {
        int kind = _random.Next(BurstSide.Changes);
        int link = _random.Next(BurstSide.Cables);
        int number = _random.Next(BurstSide.Numbers);
        int mac = _random.Next(100, 110);
        if (_random.Next(4) == 0)
            _manyTo = $"32.{link}.0.7";
        _bursts.Change(kind, link, number, mac);
        _pieces.Change(kind, link, number, mac);
    }

    private byte[] Next(int cable)
    {
        byte[] packet = _random.Next(2) == 0 ? NextV4() : NextV6();
        bool tagged = cable == BurstSide.Trunk ? _random.Next(20) != 0 : _random.Next(20) == 0;
        byte[] frame =
        [
            .. TestFrames.Station(_random.Next(25) == 0 ? 77 : cable + 1), .. _random.Next(60) == 0 ? TestFrames.Broadcast : TestFrames.Station(BurstSide.Station),
            .. tagged ? [0x81, 0, 0, (byte)(_random.Next(15) == 0 ? 9 : 7)] : Array.Empty<byte>(),
            .. packet[0] >> 4 == 4 ? new byte[] { 8, 0 } : [0x86, 0xDD], .. packet,
        ];
        if (_random.Next(40) == 0)
            frame[_random.Next(6, Math.Min(60, frame.Length))] ^= (byte)(1 << _random.Next(8));
        return _random.Next(4) == 0 ? [.. frame, .. new byte[_random.Next(30)]] : frame;
    }

    private byte[] NextV4()
    {
        string to = _random.Next(2) == 0 ? _manyTo : TargetV4();
        string from = _random.Next(30) switch { 0 => "169.254.0.9", 1 => "127.0.0.1", _ => "192.0.2.9" };
        ushort fragment = (ushort)(_random.Next(9) switch { 0 => 0x4000, 1 => 0x2000, 2 => 7, _ => 0 });
        byte[] packet = LooseEnd.Udp(from, to, Payload(), HopLimit(), sourcePort: (ushort)_random.Next(1000, 1020), port: (ushort)_random.Next(20), fragment: fragment);
        return _random.Next(20) == 0 ? LooseEnd.WithOptions(packet, 1, 1, 1, 0) : packet;
    }

    private string TargetV4() => _random.Next(22) switch
    {
        < 6 => $"20.{_random.Next(6)}.{_random.Next(256)}.7",
        < 10 => $"3{_random.Next(2)}.0.0.{_random.Next(16)}",
        < 17 => $"10.{_random.Next(3)}.0.{BurstSide.FirstHost + _random.Next(BurstSide.Numbers)}",
        17 => $"10.{_random.Next(3)}.0.1",
        18 => "40.0.0.1",
        < 21 => $"32.{_random.Next(BurstSide.Cables)}.0.{_random.Next(6, 8)}",
        _ => $"{_random.Next(256)}.{_random.Next(256)}.0.7",
    };

    private byte[] NextV6()
    {
        string to = _random.Next(16) switch
        {
            < 5 => $"2001:db8:{_random.Next(20, 26)}::{_random.Next(9)}",
            < 8 => $"2001:db8:30::{_random.Next(9)}",
            < 14 => $"2001:db8:{_random.Next(3)}::{BurstSide.FirstHost + _random.Next(BurstSide.Numbers)}",
            14 => "fe80::9",
            _ => $"{_random.Next(65536):x}:db8::9",
        };
        return LooseEnd.Udp(_random.Next(30) == 0 ? "fe80::8" : "2001:db8:f::9", to, Payload(), HopLimit(), (ushort)_random.Next(1000, 1020), (ushort)_random.Next(20));
    }

    private int Payload() => _random.Next(10) switch { < 5 => 22, < 8 => _random.Next(130), 8 => _random.Next(1250, 1300), _ => _random.Next(1500) };

    private byte HopLimit() => (byte)(_random.Next(15) == 0 ? 1 : _random.Next(2, 256));
}
