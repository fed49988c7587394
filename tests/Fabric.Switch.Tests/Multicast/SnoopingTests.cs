using Fabric.Link;
using Fabric.Switch.Snooping;
using Fabric.Switch.Tests.Snooping;
using Fabric.Switch.Vlans;
using Fabric.TestKit;
using Fabric.TestKit.Link;
using Fabric.TestKit.Time;
using Fabric.Wire;
using static Fabric.Switch.Tests.Snooping.GroupPackets;
using static Fabric.Switch.Tests.Vlans.VlanTests;

namespace Fabric.Switch.Tests.Multicast;

/// <summary>A whole switch with four hosts on cables, which snoops.</summary>
public sealed class SnoopingTests : IDisposable
{
    private const string Group = "239.1.1.1";
    private static readonly byte[] ToGroup = Data("10.0.0.1", Group);
    private readonly ManualTimeProvider _time = new();
    private readonly SwitchBench _bench;
    private readonly MulticastSnooper _snooper;

    public SnoopingTests()
    {
        _bench = new SwitchBench(_time, hosts: 4);
        _snooper = _bench.Switch.SetSnooper(control => new MulticastSnooper(control, MacAddress.FromBits(0xFE_00_00_00_00_02), _time))!;
        Enable(0, SnooperBench.AsQuerier);
    }

    public void Dispose() => _bench.Dispose();

    [Fact]
    public void The_querier_asks_all_ports_in_padded_frames()
    {
        _time.Advance(TimeSpan.FromSeconds(1));
        foreach (List<byte[]> received in _bench.Drain())
        {
            Assert.Equal([60, 90], received.Select(frame => frame.Length));
            Assert.Equal(new byte[] { 1, 0, 0x5e, 0, 0, 1, 2, 0, 0, 0, 0, 0xfe, 8, 0, 0x46, 0xc0 }, received[0][..16]);
        }
    }

    [Fact]
    public void A_group_goes_to_its_members_and_to_routers()
    {
        Settle();
        Assert.Equal([[], [ToGroup], [ToGroup], [ToGroup]], _bench.Exchange(0, ToGroup));
        byte[] query = Query("10.0.0.255");
        Assert.Equal([[query], [query], [query], []], _bench.Exchange(3, query));
        byte[] report = ReportV2("10.0.0.2", Group);
        Assert.Equal([[], [], [], [report]], _bench.Exchange(1, report));
        Assert.Equal([[], [ToGroup], [], [ToGroup]], _bench.Exchange(0, ToGroup));
        byte[] link = Data("10.0.0.1", "224.0.0.251");
        Assert.Equal([[], [link], [link], [link]], _bench.Exchange(0, link));
    }

    [Fact]
    public void Each_frame_has_one_fate()
    {
        Settle();
        long received = _bench.Switch.Counters.Received;
        // Nobody else is there to hear the report, and the member itself sends.
        Assert.All(_bench.Exchange(1, ReportV2("10.0.0.2", Group), ToGroup), Assert.Empty);
        byte[] bad = Igmp("10.0.0.2", Group, [0x16, 0, 0, 0, 239, 1, 1, 1], hops: 9);
        Assert.All(_bench.Exchange(1, bad), Assert.Empty);
        _bench.Exchange(0, ToGroup);
        SwitchCounters counters = _bench.Switch.Counters;
        Assert.Equal((1, 1, 1, 1), (counters.Consumed, counters.Drops(DropReason.NoMember), counters.Drops(DropReason.BadMembership), counters.Flooded));
        Assert.Equal(4, counters.Received - received);
    }

    [Fact]
    public void Messages_in_pieces_and_in_bursts_are_read_whole()
    {
        Settle();
        byte[][] records = [.. Enumerable.Range(0, 100).Select(n => Record(Says.ToEx, $"239.2.0.{n}"))];
        byte[] report = Report("10.0.0.2", records);
        _bench.Hosts[1].Send(report, splitAt: [14, 40, 300]);
        _bench.Pump(1);
        Assert.Equal(100, _snooper.Memberships);
        byte[][] burst = [.. Enumerable.Range(0, 32).Select(n => Data("10.0.0.1", $"239.2.0.{n * 5}"))];
        List<List<byte[]>> got = _bench.Exchange(0, burst);
        Assert.Equal(burst, got[1]);
        Assert.Equal(burst[20..], got[2]);
    }

    [Fact]
    public void A_port_that_goes_away_takes_its_memberships_along()
    {
        Settle();
        _bench.Exchange(1, ReportV2("10.0.0.2", Group));
        _bench.Exchange(2, ReportV2("10.0.0.3", Group));
        Assert.Equal([[], [ToGroup], [ToGroup], []], _bench.Exchange(0, ToGroup));
        _bench.Cables[1].SetUp(false);
        _time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal([[], [], [ToGroup], []], _bench.Exchange(0, ToGroup));
        _bench.Switch.Detach(_bench.Taps[2]);
        _bench.Switch.Attach(_bench.Taps[2]);
        Assert.Equal(0, _snooper.Memberships);
        Assert.Null(_bench.Switch.SetSnooper<MulticastSnooper>(null));
        Assert.Equal([[], [], [ToGroup], [ToGroup]], _bench.Exchange(0, ToGroup));
    }

    [Fact]
    public void Vlans_are_snooped_apart_and_queries_carry_their_tag()
    {
        Enable(10, SnooperBench.AsQuerier);
        Enable(20, SnooperBench.AsQuerier);
        _bench.Switch.Configure(_bench.Taps[0], new PortOptions { Vlan = PortVlan.Access(10) });
        _bench.Switch.Configure(_bench.Taps[1], new PortOptions { Vlan = PortVlan.Trunk(VlanSet.Of(10, 20)) });
        _bench.Switch.Configure(_bench.Taps[2], new PortOptions { Vlan = PortVlan.Access(10) });
        _bench.Switch.Configure(_bench.Taps[3], new PortOptions { Vlan = PortVlan.Access(20) });
        _time.Advance(TimeSpan.FromSeconds(1));
        List<List<byte[]>> queries = _bench.Drain();
        Assert.Equal((2, 4), (queries[0].Count, queries[1].Count));
        Assert.Equal([10, 10, 20, 20], queries[1].Select(frame => (frame[14] << 8) | frame[15]).Order());
        Settle();

        byte[] report = ReportV2("10.0.0.2", Group);
        _bench.Exchange(1, Tag(report, 20));
        _bench.Exchange(2, report);
        Assert.Equal([[], [Tag(ToGroup, 20)], [], []], _bench.Exchange(3, ToGroup));
        Assert.Equal([[], [], [ToGroup], []], _bench.Exchange(0, ToGroup));
        Assert.Equal([(10, 2), (20, 1)], _bench.Switch.AskProtocol(_snooper.ReadStatus).Groups.Select(entry => (entry.Vlan, entry.Port)));
    }

    [Fact]
    public void Sources_that_a_port_may_not_use_join_nothing()
    {
        Settle();
        _bench.Switch.Configure(_bench.Taps[1], new PortOptions { MaxAddresses = 1, Security = new PortSecurity() });
        _bench.Exchange(1, TestFrames.Ethernet(TestFrames.Broadcast, TestFrames.Station(77)));
        _bench.Exchange(1, ReportV2("10.0.0.2", Group));
        Assert.Equal(0, _snooper.Memberships);
    }

    [Fact]
    public void Frames_to_groups_allocate_nothing()
    {
        Settle();
        _bench.Exchange(1, Report("10.0.0.2", Says.ToEx, Group, "10.9.9.9"));
        for (int i = 0; i < 64; i++)
            _snooper.Find(0, 0, ToGroup.AsSpan(12), out _);
        Assert.Equal(0, SteadyState.LeastAllocated(1000, () => _snooper.Find(0, 0, ToGroup.AsSpan(12), out _)));
    }

    private void Enable(int vlan, VlanSnooping options) => _bench.Switch.AskProtocol(() =>
    {
        _snooper.Enable(vlan, options);
        return true;
    });

    private void Settle()
    {
        _time.Advance(TimeSpan.FromSeconds(12));
        _bench.Drain();
    }
}
