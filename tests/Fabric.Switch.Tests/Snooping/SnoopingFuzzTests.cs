using Fabric.Switch.Multicast;
using Fabric.Switch.Snooping;
using Fabric.TestKit;
using Fabric.TestKit.Time;
using Fabric.Wire;
using static Fabric.Switch.Tests.Snooping.GroupPackets;

namespace Fabric.Switch.Tests.Snooping;

/// <summary>Messages that are broken in every way, and valid ones in every order, by the million.</summary>
/// <remarks>The full count is FABRIC_TEST_COUNT=10000000.</remarks>
public sealed class SnoopingFuzzTests : IMulticastControl
{
    private const int Ports = 6;
    private static readonly SnoopingOptions Limits = new() { MaxMemberships = 60, MaxSources = 4 };
    private readonly ManualTimeProvider _time = new();
    private readonly Random _random = new(TestSeed.Seed);
    private long _sent;

    [Fact]
    public void Nothing_crashes_nothing_grows_and_every_port_named_is_there()
    {
        MulticastSnooper snooper = new(this, MacAddress.FromBits(0xFE_00_00_00_00_02), _time, Limits);
        for (int port = 0; port < Ports; port++)
            snooper.AddPort(port, new PortSnooping { FastLeave = port == 1, MaxGroups = port == 2 ? 3 : 1024 });
        snooper.Enable(0, SnooperBench.AsQuerier);
        snooper.Enable(7, new VlanSnooping { Unknown = UnknownMulticast.RoutersOnly });
        byte[][] seeds = Seeds();
        int count = TestSeed.Count(200_000);
        for (int i = 0; i < count; i++)
        {
            byte[] frame = seeds[_random.Next(seeds.Length)];
            frame = _random.Next(3) == 0 ? frame : Mutate(frame);
            int vlan = _random.Next(8) == 0 ? _random.Next(4096) : 7 * _random.Next(2);
            Give(snooper, _random.Next(Ports), vlan, frame);
            if (_random.Next(16) == 0)
                PassTime(snooper);
            if (i % 1024 == 0)
                Check(snooper.ReadStatus(), snooper.Memberships);
        }

        _time.Advance(TimeSpan.FromDays(400));
        snooper.Tick();
        snooper.Tick();
        Assert.Equal(0, snooper.Memberships);
        Assert.Empty(snooper.ReadStatus().Groups);
        // As often as a querier asks, and after a leave twice at most for each message that came in.
        Assert.InRange(_sent, 1, (3L * count) + 1000);
    }

    void IMulticastControl.Transmit(int port, int vlan, ReadOnlySpan<byte> frame)
    {
        Assert.InRange(port, 0, Ports - 1);
        CheckQuery(frame);
    }

    void IMulticastControl.Flood(int vlan, ReadOnlySpan<byte> frame) => CheckQuery(frame);

    private static void Give(MulticastSnooper snooper, int port, int vlan, byte[] frame)
    {
        ReadOnlySpan<byte> body = frame.AsSpan(Math.Min(12, frame.Length));
        SnoopVerdict verdict = snooper.Find(port, vlan, body[..Math.Min(body.Length, 148)], out ReadOnlySpan<int> ports);
        if (verdict == SnoopVerdict.Message)
        {
            verdict = snooper.Receive(port, vlan, body, out ports);
            Assert.True(verdict is SnoopVerdict.Flood or SnoopVerdict.Routers or SnoopVerdict.Invalid);
        }
        else
        {
            Assert.True(verdict is SnoopVerdict.Flood or SnoopVerdict.Ports);
        }

        foreach (int to in ports)
            Assert.True((uint)to < Ports && to != port);
    }

    private static void Check(SnoopingStatus status, int memberships)
    {
        Assert.InRange(memberships, 0, Limits.MaxMemberships);
        Assert.Equal(memberships, status.Groups.Count);
        Assert.Equal(memberships, status.Groups.Select(entry => (entry.Vlan, entry.Group, entry.Port)).Distinct().Count());
        Assert.InRange(status.Groups.Count(entry => entry.Port == 2), 0, 3);
        foreach (GroupEntry entry in status.Groups)
        {
            Assert.InRange(entry.Wanted.Count + entry.Blocked.Count, 0, Limits.MaxSources);
            Assert.True(entry.IsExclude || (entry.Wanted.Count != 0 && entry.Blocked.Count == 0));
        }
    }

    private void CheckQuery(ReadOnlySpan<byte> frame)
    {
        _sent++;
        if (_sent % 100 == 0)
            Assert.True(EthernetView.TryParse(frame, out EthernetView view) && view.Destination.IsGroup);
    }

    private void PassTime(MulticastSnooper snooper)
    {
        _time.Advance(TimeSpan.FromMilliseconds(_random.Next(200) == 0 ? 300_000 : _random.Next(2000)));
        snooper.Tick();
        int port = _random.Next(3, Ports);
        switch (_random.Next(50))
        {
            case 0:
                snooper.LinkChanged(port, isUp: _random.Next(2) == 0);
                break;
            case 1:
                snooper.RemovePort(port);
                snooper.AddPort(port, new PortSnooping { Router = (RouterPortMode)_random.Next(3) });
                break;
            case 2:
                snooper.Enable(7, new VlanSnooping { Unknown = UnknownMulticast.RoutersOnly });
                break;
            default:
                break;
        }
    }

    private byte[] Mutate(byte[] frame)
    {
        byte[] changed = [.. frame];
        for (int left = _random.Next(1, 4); left > 0; left--)
            changed[_random.Next(12, changed.Length)] = (byte)_random.Next(256);
        if (_random.Next(8) == 0)
            changed = changed[.._random.Next(changed.Length)];
        else if (_random.Next(4) != 0)
            Mend(changed);
        return changed;
    }

    // With checksums that are right again what is behind them is reached. The room's own arithmetic will do: it is not what is tested.
    private static void Mend(byte[] frame)
    {
        Span<byte> packet = frame.AsSpan(14);
        int header = (packet[0] & 0xF) * 4;
        if (packet[0] >> 4 == 4 && header is >= 20 and < 40)
        {
            packet[10] = packet[11] = 0;
            Store(packet[10..], InternetChecksum.Add(0, packet[..header]));
            if (Ipv4View.TryParse(packet, out Ipv4View view) && view.Payload.Length >= 8)
            {
                Span<byte> message = packet[header..view.TotalLength];
                message[2] = message[3] = 0;
                Store(message[2..], InternetChecksum.Add(0, message));
            }
        }
        else if (Ipv6View.TryParse(packet, out Ipv6View view) && view.Payload.Length >= 8)
        {
            Span<byte> message = packet[view.HeaderLength..view.TotalLength];
            message[2] = message[3] = 0;
            ulong pseudo = InternetChecksum.PseudoHeader(view.Addresses, view.Protocol, message.Length);
            Store(message[2..], InternetChecksum.Add(pseudo, message));
        }
    }

    private static void Store(Span<byte> at, ulong sum)
    {
        ushort checksum = InternetChecksum.Finish(sum);
        at[0] = (byte)(checksum >> 8);
        at[1] = (byte)checksum;
    }

    private static byte[][] Seeds()
    {
        List<byte[]> seeds = [QueryV1("10.0.0.9"), QueryV2("10.0.0.9"), Query("10.0.0.255"), Query("fe80::1"), QueryMldV1("fe80::2"), Hello("10.0.0.7", 30), Hello("fe80::7", 30)];
        for (int i = 0; i < 24; i++)
        {
            string group = $"239.1.1.{i}";
            string group6 = $"ff05::{i + 1:x}";
            seeds.AddRange([ReportV1("10.0.0.1", group), ReportV2("10.0.0.2", group), Leave("10.0.0.2", group), ReportV2("fe80::1", group6), Leave("fe80::1", group6)]);
            seeds.AddRange([Data("10.9.9.1", group), Data("2001:db8::1", group6)]);
            seeds.Add(Query("10.0.0.9", group, ms: 1000, sources: i % 2 == 0 ? [] : ["10.9.9.1"]));
            string[] sources = [.. Enumerable.Range(1, i % 6).Select(n => $"10.9.9.{n}")];
            string[] sources6 = [.. Enumerable.Range(1, i % 6).Select(n => $"2001:db8::{n}")];
            for (Says says = Says.IsIn; says <= Says.Block; says++)
                seeds.AddRange([Report("10.0.0.3", says, group, sources), Report("fe80::3", says, group6, sources6)]);
            seeds.Add(Report("10.0.0.4", Record(Says.ToEx, group), Record(Says.Block, group, sources), Record(Says.ToIn, "239.1.1.1")));
        }

        return [.. seeds];
    }
}
