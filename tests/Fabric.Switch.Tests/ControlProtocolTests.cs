using Fabric.Link;
using Fabric.TestKit.Time;
using static Fabric.TestKit.Link.TestFrames;

namespace Fabric.Switch.Tests;

public sealed class ControlProtocolTests : IDisposable
{
    private static readonly byte[] Bpdu = Ethernet([0x01, 0x80, 0xc2, 0, 0, 0], Station(1));
    private readonly ManualTimeProvider _time = new();
    private readonly SwitchBench _bench;
    private readonly Recorder _protocol;

    public ControlProtocolTests()
    {
        _bench = new SwitchBench(_time, hosts: 3);
        _protocol = _bench.Switch.AttachProtocol(control => new Recorder(control));
    }

    public void Dispose() => _bench.Dispose();

    [Fact]
    public void ItLearnsOfPortsSecondsAndLinks()
    {
        Assert.Equal(["added 0 up", "added 1 up", "added 2 up"], _protocol.Take());
        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(["tick", "tick"], _protocol.Take());
        _bench.Cables[1].SetUp(false);
        Assert.Empty(_protocol.Take());
        _time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal(["link 1 down"], _protocol.Take());
        _bench.Cables[1].SetUp(true);
        _bench.Exchange(0, Ethernet(Broadcast, Station(1)));
        Assert.Equal(["link 1 up"], _protocol.Take());
        _bench.Switch.Detach(_bench.Taps[2]);
        Assert.Equal(["removed 2"], _protocol.Take());
    }

    [Fact]
    public void ItTakesReservedFramesInEveryStateAndNoOthers()
    {
        _protocol.Take();
        _protocol.Control.SetPortState(0, PortState.Discarding);
        Assert.All(_bench.Exchange(0, Bpdu, Ethernet(Broadcast, Station(1))), Assert.Empty);
        Assert.Equal(["frame 0 60"], _protocol.Take());
        Assert.Equal(1, _bench.Switch.Counters.Consumed);
        Assert.Equal(1, _bench.Switch.Counters.Drops(DropReason.PortState));
        Assert.Empty(_bench.Switch.Snapshot());
        _bench.Exchange(0, Ethernet([0x01, 0x80, 0xc2, 0, 0, 2], Station(1)));
        Assert.Equal(1, _bench.Switch.Counters.Drops(DropReason.ReservedGroup));
    }

    [Fact]
    public void ALearningPortLearnsAndPassesNothing()
    {
        _protocol.Control.SetPortState(0, PortState.Learning);
        Assert.All(_bench.Exchange(0, Ethernet(Broadcast, Station(1))), Assert.Empty);
        Assert.Single(_bench.Switch.Snapshot());
        Assert.All(_bench.Exchange(1, Ethernet(Station(1), Station(2))), Assert.Empty);
        byte[] all = Ethernet(Broadcast, Station(2));
        Assert.Equal([[], [], [all]], _bench.Exchange(1, all));
        Assert.Equal(2, _bench.Switch.Counters.Drops(DropReason.PortState));
        _protocol.Control.FlushAddresses(0);
        Assert.DoesNotContain(_bench.Switch.Snapshot(), entry => entry.PortName == "sw.0");
        _protocol.Control.SetPortState(0, PortState.Forwarding);
        Assert.Equal([[all], [], [all]], _bench.Exchange(1, all));
    }

    [Fact]
    public void ItSendsWhateverThePortsState()
    {
        _protocol.Control.SetPortState(2, PortState.Discarding);
        _protocol.Control.Transmit(2, Bpdu);
        _protocol.Control.Transmit(77, Bpdu);
        Assert.Equal([[], [], [Bpdu]], _bench.Drain());
    }

    [Fact]
    public void WithoutItPortsForwardAgainAndNothingIsTold()
    {
        _protocol.Control.SetPortState(1, PortState.Discarding);
        Assert.True(_bench.Switch.DetachProtocol(_protocol));
        Assert.False(_bench.Switch.DetachProtocol(_protocol));
        _protocol.Take();
        _time.Advance(TimeSpan.FromSeconds(5));
        byte[] all = Ethernet(Broadcast, Station(1));
        Assert.Equal([[], [all], [all]], _bench.Exchange(0, Bpdu, all));
        Assert.Empty(_protocol.Take());
    }

    [Fact]
    public void APortForwardsWhereEveryProtocolLetsItAndWhoLeavesOpensOnlyItsOwn()
    {
        Recorder other = _bench.Switch.AttachProtocol(control => new Recorder(control));
        _protocol.Control.SetPortState(1, PortState.Discarding);
        other.Control.SetPortState(1, PortState.Learning);
        other.Control.SetPortState(2, PortState.Discarding);
        byte[] all = Ethernet(Broadcast, Station(1));
        _protocol.Control.SetPortState(1, PortState.Forwarding);
        Assert.Equal([[], [], []], _bench.Exchange(0, all));
        _protocol.Control.SetPortState(1, PortState.Discarding);
        Assert.True(_bench.Switch.DetachProtocol(other));
        Assert.Equal([[], [], [all]], _bench.Exchange(0, all));

        // The next port with the number is another.
        _bench.Switch.Detach(_bench.Taps[1]);
        _bench.Switch.Attach(_bench.Taps[1]);
        Assert.Equal([[], [all], [all]], _bench.Exchange(0, all));
    }

    private sealed class Recorder(ISwitchControl control) : IControlProtocol
    {
        private readonly List<string> _told = [];

        internal ISwitchControl Control => control;

        internal List<string> Take()
        {
            List<string> told = [.. _told];
            _told.Clear();
            return told;
        }

        public void PortAdded(int port, bool isUp) => _told.Add($"added {port} {Word(isUp)}");

        public void PortRemoved(int port) => _told.Add($"removed {port}");

        public void LinkChanged(int port, bool isUp) => _told.Add($"link {port} {Word(isUp)}");

        public void Tick() => _told.Add("tick");

        public bool TryReceive(int port, ReadOnlySpan<byte> frame)
        {
            if (frame[5] != 0)
                return false;
            _told.Add($"frame {port} {frame.Length}");
            return true;
        }

        private static string Word(bool isUp) => isUp ? "up" : "down";
    }
}
