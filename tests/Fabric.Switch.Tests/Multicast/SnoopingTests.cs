using Fabric.Link;
using Fabric.Switch.Multicast;
using Fabric.Switch.Vlans;
using Fabric.TestKit.Time;
using Fabric.Wire;
using static Fabric.Switch.Tests.Vlans.VlanTests;
using static Fabric.TestKit.Link.TestFrames;

namespace Fabric.Switch.Tests.Multicast;

public sealed class SnoopingTests : IDisposable
{
    private static readonly byte[] Group = [0x01, 0x00, 0x5e, 1, 1, 1];
    private static readonly byte[] Data = Ethernet(Group, Station(1));
    private static readonly byte[] Igmp = IgmpTo(Group);
    private readonly ManualTimeProvider _time = new();
    private readonly SwitchBench _bench;
    private readonly Snooper _snooper;

    public SnoopingTests()
    {
        _bench = new SwitchBench(_time, hosts: 4);
        _snooper = (Snooper)_bench.Switch.SetSnooper(control => new Snooper(control))!;
    }

    public void Dispose() => _bench.Dispose();

    [Fact]
    public void AGroupGoesToItsMembersAndToRouters()
    {
        Assert.True(_snooper.Control.TrySetMembers(0, MacAddress.Read(Group), [1]));
        _snooper.Control.SetRouters(0, [3]);
        Assert.Equal([[], [Data], [], [Data]], _bench.Exchange(0, Data));
        _snooper.Control.RemoveGroup(0, MacAddress.Read(Group));
        Assert.Equal([[], [Data], [Data], [Data]], _bench.Exchange(0, Data));
        Assert.Equal(2, _bench.Switch.Counters.Flooded);
    }

    [Fact]
    public void AGroupThatNobodyWantsIsDropped()
    {
        _snooper.Control.TrySetMembers(0, MacAddress.Read(Group), [0]);
        Assert.All(_bench.Exchange(0, Data), Assert.Empty);
        Assert.Equal(1, _bench.Switch.Counters.Drops(DropReason.NoMember));
    }

    [Theory]
    [InlineData(SnoopVerdict.Flood, "123")]
    [InlineData(SnoopVerdict.ToRouters, "3")]
    [InlineData(SnoopVerdict.Consume, "")]
    public void MembershipMessagesGoWhereTheSnooperSays(SnoopVerdict verdict, string ports)
    {
        _snooper.Verdict = verdict;
        _snooper.Control.TrySetMembers(0, MacAddress.Read(Group), [1]);
        _snooper.Control.SetRouters(0, [3]);
        List<List<byte[]>> received = _bench.Exchange(0, Igmp);
        Assert.Equal(ports, string.Concat(Enumerable.Range(0, 4).Where(port => received[port].Count != 0)));
        Assert.Equal(["0 0 60"], _snooper.Heard);
        Assert.Equal(verdict == SnoopVerdict.Consume ? 1 : 0, _bench.Switch.Counters.Consumed);
    }

    [Fact]
    public void VlansAreSnoopedApartAndAnswersCarryTheirTag()
    {
        _bench.Switch.Configure(_bench.Taps[0], new PortOptions { Vlan = PortVlan.Access(10) });
        _bench.Switch.Configure(_bench.Taps[1], new PortOptions { Vlan = PortVlan.Trunk(VlanSet.Of(10, 20)) });
        _bench.Exchange(1, Tag(Igmp, 20));
        Assert.Equal(["1 20 60"], _snooper.Heard);
        _snooper.Control.TrySetMembers(20, MacAddress.Read(Group), []);
        Assert.Equal([[], [Tag(Data, 10)], [], []], _bench.Exchange(0, Data));
        _snooper.Control.Transmit(1, 20, Igmp);
        _snooper.Control.Transmit(0, 20, Igmp);
        _snooper.Control.Transmit(0, 10, Igmp);
        Assert.Equal([[Igmp], [Tag(Igmp, 20)], [], []], _bench.Drain());
    }

    [Fact]
    public void APortThatLeavesIsTakenOutOfItsGroups()
    {
        _snooper.Control.TrySetMembers(0, MacAddress.Read(Group), [1, 2]);
        _bench.Switch.Detach(_bench.Taps[1]);
        _bench.Switch.Attach(_bench.Taps[1]);
        Assert.Equal([[], [], [Data], []], _bench.Exchange(0, Data));
        _time.Advance(TimeSpan.FromSeconds(3));
        Assert.Equal((1, 3), (_snooper.Removed, _snooper.Ticks));
        _bench.Switch.SetSnooper(null);
        Assert.Equal([[], [Data], [Data], [Data]], _bench.Exchange(0, Data));
    }

    private static byte[] IgmpTo(byte[] group)
    {
        byte[] frame = Ethernet(group, Station(1));
        byte[] packet = [8, 0, 0x46, 0, 0, 32, 0, 0, 0, 0, 1, 2, 0, 0, 10, 0, 0, 1, 239, 1, 1, 1, 0x94, 4, 0, 0, 0x16, 0, 0, 0, 239, 1, 1, 1];
        packet.CopyTo(frame, 12);
        return frame;
    }

    private sealed class Snooper(IMulticastControl control) : IMulticastSnooper
    {
        internal IMulticastControl Control => control;

        internal SnoopVerdict Verdict { get; set; }

        internal List<string> Heard { get; } = [];

        internal int Removed { get; private set; }

        internal int Ticks { get; private set; }

        public void PortAdded(int port)
        {
        }

        public void PortRemoved(int port) => Removed++;

        public SnoopVerdict Receive(int port, int vid, ReadOnlySpan<byte> frame)
        {
            Heard.Add($"{port} {vid} {frame.Length}");
            return Verdict;
        }

        public void Tick() => Ticks++;
    }
}
