using Fabric.Link;
using Fabric.TestKit.Link;
using Fabric.TestKit.Time;
using Fabric.Wire;
using static Fabric.TestKit.Link.TestFrames;

namespace Fabric.Switch.Tests;

public sealed class LearningTests : IDisposable
{
    private readonly ManualTimeProvider _time = new();
    private readonly SwitchBench _bench;

    public LearningTests() => _bench = new SwitchBench(_time, hosts: 4);

    public void Dispose() => _bench.Dispose();

    [Fact]
    public void UnknownUnicastGoesToAllOtherPortsAndTheAnswerToOne()
    {
        byte[] request = Ethernet(Station(2), Station(1), tag: 1);
        byte[] answer = Ethernet(Station(1), Station(2), tag: 2);
        Assert.Equal([[], [request], [request], [request]], _bench.Exchange(0, request));
        Assert.Equal([[answer], [], [], []], _bench.Exchange(1, answer));
        Assert.Equal([[], [request], [], []], _bench.Exchange(0, request));
        Assert.Equal(2, _bench.Switch.Counters.Learned);
        Assert.Equal(1, _bench.Switch.Counters.UnknownUnicast);
        Assert.Equal(1, _bench.Switch.Counters.Flooded);
        Assert.Equal(2, _bench.Switch.Counters.Forwarded);
    }

    [Fact]
    public void BroadcastAndMulticastNeverComeBack()
    {
        byte[] broadcast = Ethernet(Broadcast, Station(1));
        byte[] multicast = Ethernet([0x01, 0x00, 0x5e, 0, 0, 9], Station(1));
        Assert.Equal([[], [broadcast, multicast], [broadcast, multicast], [broadcast, multicast]], _bench.Exchange(0, broadcast, multicast));
        Assert.Equal(2, _bench.Switch.Counters.Flooded);
        Assert.Equal(0, _bench.Switch.Counters.UnknownUnicast);
    }

    [Fact]
    public void AFrameForAStationOnItsOwnPortIsDropped()
    {
        _bench.Exchange(0, Ethernet(Broadcast, Station(1)), Ethernet(Broadcast, Station(2)));
        Assert.All(_bench.Exchange(0, Ethernet(Station(1), Station(2))), Assert.Empty);
        Assert.Equal(1, _bench.Switch.Counters.Drops(DropReason.SamePort));
    }

    [Fact]
    public void AStationThatMovesIsFollowed()
    {
        _bench.Exchange(0, Ethernet(Broadcast, Station(1)));
        _bench.Exchange(3, Ethernet(Broadcast, Station(1)));
        byte[] frame = Ethernet(Station(1), Station(2));
        Assert.Equal([[], [], [], [frame]], _bench.Exchange(1, frame));
        Assert.Equal(1, _bench.Switch.Counters.Moved);
        Assert.Equal("sw.3", Assert.Single(_bench.Switch.Snapshot(), entry => entry.Address.ToString() == "02:00:00:00:00:01").PortName);
    }

    [Fact]
    public void ASilentStationIsForgottenAfterFiveMinutesAndNotBefore()
    {
        byte[] hello = Ethernet(Broadcast, Station(1));
        byte[] frame = Ethernet(Station(1), Station(2));
        _bench.Exchange(0, hello);
        _time.Advance(TimeSpan.FromSeconds(200));
        _bench.Exchange(0, hello);
        _time.Advance(TimeSpan.FromSeconds(299));
        Assert.Equal([[frame], [], [], []], _bench.Exchange(1, frame));
        Assert.Equal(TimeSpan.FromSeconds(299), Assert.Single(_bench.Switch.Snapshot(), entry => entry.PortName == "sw.0").Age);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.DoesNotContain(_bench.Switch.Snapshot(), entry => entry.PortName == "sw.0");
        Assert.Equal([[frame], [], [frame], [frame]], _bench.Exchange(1, frame));
        Assert.Equal(1, _bench.Switch.Counters.Aged);
    }

    [Theory]
    [InlineData(0x00, false)]
    [InlineData(0x02, false)]
    [InlineData(0x0e, false)]
    [InlineData(0x0f, false)]
    [InlineData(0x10, true)]
    public void ReservedGroupAddressesStayOnTheirLink(byte last, bool forwarded)
    {
        byte[] frame = Ethernet([0x01, 0x80, 0xc2, 0x00, 0x00, last], Station(1));
        Assert.Equal(forwarded ? 1 : 0, _bench.Exchange(0, frame)[1].Count);
        Assert.Equal(forwarded ? 0 : 1, _bench.Switch.Counters.Drops(DropReason.ReservedGroup));
    }

    [Fact]
    public void FramesThatAreNoneAreCountedAndTeachNothing()
    {
        byte[] runt = Ethernet(Broadcast, Station(7))[..13];
        byte[] groupSource = Ethernet(Broadcast, [0x03, 0, 0, 0, 0, 1]);
        byte[] smallest = Ethernet(Broadcast, Station(1), length: 14);
        Assert.Equal([[], [smallest], [smallest], [smallest]], _bench.Exchange(0, runt, groupSource, smallest));
        Assert.Equal(1, _bench.Switch.Counters.Drops(DropReason.Truncated));
        Assert.Equal(1, _bench.Switch.Counters.Drops(DropReason.GroupSource));
        Assert.Equal(1, _bench.Switch.Counters.Learned);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(6)]
    [InlineData(13)]
    public void AHeaderInPiecesIsReadWhole(int split)
    {
        byte[] hello = Ethernet(Broadcast, Station(1));
        byte[] frame = Ethernet(Station(1), Station(2), tag: 9);
        _bench.Exchange(0, hello);
        PieceSource pieces = new(frame, split);
        _bench.Switch.Attach(pieces);
        pieces.Receive(_bench.Switch);
        Assert.Equal([[frame], [], [], []], _bench.Drain());
        Assert.True(_bench.Switch.Detach(pieces));
    }

    [Fact]
    public void ABurstLeavesEachPortInOneCallAndInOrder()
    {
        _bench.Exchange(1, Ethernet(Broadcast, Station(11)));
        _bench.Exchange(2, Ethernet(Broadcast, Station(12)));
        byte[] a = Ethernet(Station(11), Station(1), tag: 1);
        byte[] b = Ethernet(Station(12), Station(1), tag: 2);
        byte[] all = Ethernet(Broadcast, Station(1), tag: 3);
        byte[] c = Ethernet(Station(11), Station(1), tag: 4);
        int[] before = [.. _bench.Taps.Select(tap => tap.Transmits)];
        Assert.Equal([[], [a, all, c], [b, all], [all]], _bench.Exchange(0, a, b, all, c));
        Assert.Equal([0, 1, 1, 1], _bench.Taps.Zip(before, (tap, old) => tap.Transmits - old));
    }

    [Fact]
    public void ADetachedPortIsForgottenAndItsPlaceReused()
    {
        _bench.Exchange(3, Ethernet(Broadcast, Station(3)));
        Assert.True(_bench.Switch.Detach(_bench.Taps[3]));
        Assert.False(_bench.Switch.Detach(_bench.Taps[3]));
        Assert.Empty(_bench.Switch.Snapshot());
        byte[] frame = Ethernet(Station(3), Station(1));
        Assert.Equal([[], [frame], [frame], []], _bench.Exchange(0, frame));
        _bench.Switch.Attach(_bench.Taps[3]);
        Assert.Equal([[], [frame], [frame], [frame]], _bench.Exchange(0, frame));
        Assert.Throws<ArgumentException>(() => _bench.Switch.Attach(_bench.Taps[3]));
    }

    [Fact]
    public void TheOnlyPortHasNowhereToSend()
    {
        foreach (TapPort tap in _bench.Taps.Skip(1))
            _bench.Switch.Detach(tap);
        _bench.Exchange(0, Ethernet(Broadcast, Station(1)));
        Assert.Equal(1, _bench.Switch.Counters.Drops(DropReason.NoPort));
        Assert.Equal(0, _bench.Switch.Counters.Flooded);
    }

    [Fact]
    public void FramesOfAPortThatIsNotAttachedAreDropped()
    {
        _bench.Switch.Detach(_bench.Taps[0]);
        Assert.All(_bench.Exchange(0, Ethernet(Broadcast, Station(1))), Assert.Empty);
        Assert.Equal(1, _bench.Switch.Counters.Drops(DropReason.NoPort));
    }

    [Fact]
    public void AnOffloadThatPointsOutsideTheFrameIsDropped()
    {
        FrameOffload outside = new() { Flags = OffloadFlags.NeedsChecksum, ChecksumStart = 50, ChecksumOffset = 9 };
        _bench.Hosts[0].Send(Ethernet(Broadcast, Station(1)), outside);
        Assert.All(_bench.Pump(0), Assert.Empty);
        Assert.Equal(1, _bench.Switch.Counters.Drops(DropReason.BadOffload));
    }

    [Fact]
    public void OffloadsTravelUntouchedBetweenPortsThatAcceptThem()
    {
        FrameOffload offload = new() { Flags = OffloadFlags.NeedsChecksum, ChecksumStart = 34, ChecksumOffset = 16 };
        _bench.Hosts[0].Send(Ethernet(Broadcast, Station(1)), offload);
        _bench.Taps[0].Receive(_bench.Switch);
        RecordedFrame received = Assert.Single(_bench.Hosts[1].ReceiveAll());
        Assert.Equal(offload, received.Offload);
        Assert.Equal(Ethernet(Broadcast, Station(1)), received.Bytes);
    }

    [Fact]
    public void SnapshotSaysWhatWasLearned()
    {
        _bench.Exchange(2, Ethernet(Broadcast, [0x52, 0x54, 0x00, 0xab, 0xcd, 0xef]));
        _time.Advance(TimeSpan.FromSeconds(4));
        Assert.True(MacAddress.TryParse("52:54:00:AB:cd:ef", out MacAddress address));
        Assert.Equal([new FdbEntry(address, "sw.2", TimeSpan.FromSeconds(4))], _bench.Switch.Snapshot());
    }
}
