using Fabric.Link;
using Fabric.Switch.Acl;
using Fabric.Switch.Mirrors;
using Fabric.Switch.Vlans;
using Fabric.TestKit.Time;
using static Fabric.Switch.Tests.Vlans.VlanTests;
using static Fabric.TestKit.Link.TestFrames;

namespace Fabric.Switch.Tests.Mirrors;

public sealed class WatchingTests : IDisposable
{
    private readonly SwitchBench _bench = new(new ManualTimeProvider(), hosts: 4);

    private EthernetSwitch Switch => _bench.Switch;

    public void Dispose() => _bench.Dispose();

    [Fact]
    public void AMirrorPortGetsBothDirectionsAndTakesNoOtherPart()
    {
        Switch.SetMirrors([new MirrorSession { Name = "m", Ports = [_bench.Taps[0]], ToPort = _bench.Taps[3] }]);
        byte[] request = Ethernet(Broadcast, Station(1));
        byte[] answer = Ethernet(Station(1), Station(2));
        byte[] elsewhere = Ethernet(Station(3), Station(2));
        Assert.Equal([[], [request], [request], [request]], _bench.Exchange(0, request));
        Assert.Equal([[answer], [], [], [answer]], _bench.Exchange(1, answer));
        _bench.Exchange(2, Ethernet(Broadcast, Station(3)));
        Assert.Equal([[], [], [elsewhere], []], _bench.Exchange(1, elsewhere));
        Assert.All(_bench.Exchange(3, request), Assert.Empty);
        Assert.Equal(1, Switch.Counters.Drops(DropReason.PortShut));
        Switch.SetMirrors([]);
        Assert.Single(_bench.Exchange(1, request)[3]);
    }

    [Theory]
    [InlineData(MirrorDirection.Received, 1)]
    [InlineData(MirrorDirection.Transmitted, 2)]
    public void ADirectionIsMirroredAlone(MirrorDirection direction, byte expected)
    {
        Switch.SetMirrors([new MirrorSession { Name = "m", Ports = [_bench.Taps[0]], Direction = direction, ToPort = _bench.Taps[3] }]);
        List<byte[]> mirrored = [.. _bench.Exchange(0, Ethernet(Broadcast, Station(1), tag: 1))[3], .. _bench.Exchange(1, Ethernet(Broadcast, Station(2), tag: 2))[3]];
        Assert.Equal(expected, Assert.Single(mirrored)[20]);
    }

    [Fact]
    public void AVlanIsMirroredOnAllPortsAsTheFramesPass()
    {
        Switch.Configure(_bench.Taps[0], new PortOptions { Vlan = PortVlan.Access(10) });
        Switch.Configure(_bench.Taps[1], new PortOptions { Vlan = PortVlan.Trunk(VlanSet.All) });
        Recorder recorder = new();
        Switch.SetMirrors([new MirrorSession { Name = "m", Vlans = VlanSet.Of(10), ToObserver = recorder }]);
        _bench.Exchange(0, Ethernet(Broadcast, Station(1)));
        _bench.Exchange(1, Tag(Ethernet(Broadcast, Station(2)), 11));
        Assert.Equal(["sw.0 Received 60", "sw.1 Transmitted 64"], recorder.Told);
    }

    [Fact]
    public void ARuleMirrorsWhatItAppliesTo()
    {
        Recorder recorder = new();
        AclRule rule = new() { Action = AclAction.Permit, Destination = Fabric.Wire.MacAddress.Broadcast, Mirrors = true };
        Switch.Configure(_bench.Taps[0], new PortOptions { IngressAcl = new AccessList("x", [rule], AclAction.Permit) });
        Switch.SetMirrors([new MirrorSession { Name = "m", TakesRules = true, ToObserver = recorder }]);
        _bench.Exchange(0, Ethernet(Broadcast, Station(1)), Ethernet(Station(2), Station(1)));
        Assert.Equal(["sw.0 Received 60"], recorder.Told);
    }

    [Fact]
    public void AnObserverSeesPassingAndDroppedFramesAndCanLeave()
    {
        Recorder all = new();
        Recorder one = new();
        Switch.AddObserver(all);
        Switch.AddObserver(one, _bench.Taps[1]);
        _bench.Exchange(0, Ethernet(Broadcast, Station(1)), [1, 2, 3]);
        Assert.Equal(
            ["sw.0 Received 60 3", "sw.0 Received dropped 3 Truncated", "sw.1 Transmitted 60", "sw.2 Transmitted 60", "sw.3 Transmitted 60"],
            all.Told);
        Assert.Equal(["sw.1 Transmitted 60"], one.Told);
        Assert.True(Switch.RemoveObserver(all));
        Assert.False(Switch.RemoveObserver(one));
        Assert.True(Switch.RemoveObserver(one, _bench.Taps[1]));
        _bench.Exchange(0, Ethernet(Broadcast, Station(1)));
        Assert.Equal(5, all.Told.Count);
    }

    [Fact]
    public void MirrorsThatCannotBeAreExplained()
    {
        Assert.Throws<SwitchException>(() => Switch.SetMirrors([new MirrorSession { Name = "none" }]));
        Assert.Throws<SwitchException>(() => Switch.SetMirrors([new MirrorSession { Name = "loop", Ports = [_bench.Taps[0]], ToPort = _bench.Taps[0] }]));
    }

    private sealed class Recorder : IFrameObserver
    {
        internal List<string> Told { get; } = [];

        public void Observe(IPort port, FrameDirection direction, ReadOnlySpan<Frame> frames)
        {
            string lengths = "";
            foreach (ref readonly Frame frame in frames)
                lengths += $" {frame.Length}";
            Told.Add($"{port.Name} {direction}{lengths}");
        }

        public void ObserveDrop(IPort port, FrameDirection direction, in Frame frame, DropReason reason) =>
            Told.Add($"{port.Name} {direction} dropped {frame.Length} {reason}");
    }
}
