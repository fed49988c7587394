using Fabric.Link;
using Fabric.TestKit.Link;

namespace Fabric.Overlay.Tests;

/// <summary>A cable between two VTEPs: when its ends are up, and that one can cut it for both.</summary>
public sealed class RemoteCableTests : IDisposable
{
    private readonly Mesh _mesh = new(2, new SegmentOptions { Learns = false });
    private readonly List<RemoteCable> _ends = [];
    private readonly RecordingSink[] _sinks = [new(), new()];

    public void Dispose()
    {
        foreach (RemoteCable end in _ends)
            end.Dispose();
        _mesh.Dispose();
    }

    [Fact]
    public void ItIsUpWhenBothEndsAreThereAndCarriesFrames()
    {
        RemoteCable one = Make(0);
        Run(3);
        Assert.False(one.IsUp);
        Assert.Equal(0, one.Send(TestFrames.Ethernet(TestFrames.Station(1), TestFrames.Station(2))));
        Assert.Equal(1, one.Counters.TransmitDrops(DropReason.LinkDown));

        RemoteCable other = Make(1);
        Run(0.6);
        Assert.True(one.IsUp && other.IsUp);
        byte[] frame = TestFrames.Ethernet(TestFrames.Station(1), TestFrames.Station(2), 300);
        Assert.Equal(1, one.Send(frame));
        _mesh.Settle();
        Assert.Equal(frame, Assert.Single(_sinks[1].Frames).Bytes);
        Assert.Empty(_sinks[0].Frames);

        other.Dispose();
        _mesh.Settle();
        Assert.False(one.IsUp);
    }

    [Fact]
    public void EitherEndCutsAndMendsItForBoth()
    {
        RemoteCable one = Make(0);
        RemoteCable other = Make(1);
        Run(1);
        List<bool> seen = [];
        other.AttachLinkWatcher(new Watcher(seen));
        one.SetUp(false);
        _mesh.Settle();
        Assert.True(!one.IsUp && !other.IsUp && other.IsCut);
        Run(5);
        Assert.False(other.IsUp);
        other.SetUp(true);
        _mesh.Settle();
        Assert.True(one.IsUp && other.IsUp);
        Assert.Equal([false, true], seen);

        // An end that starts anew takes over what the other one knows.
        other.SetUp(false);
        other.Dispose();
        _mesh.Settle();
        _ends.Remove(other);
        other = Make(1);
        Run(3);
        Assert.False(one.IsUp);
    }

    [Fact]
    public void AnEndThatFallsSilentIsMissedAndAnotherCablesEndIsRefused()
    {
        RemoteCable one = Make(0);
        RemoteCable other = Make(1);
        Run(1);
        _mesh.Network.Loss = 1;
        Run(1.4);
        Assert.True(one.IsUp);
        Run(1.2);
        Assert.False(one.IsUp || other.IsUp);
        _mesh.Network.Loss = 0;
        Run(1.1);
        Assert.True(one.IsUp && other.IsUp);

        other.Dispose();
        _ends.Remove(other);
        RemoteCable wrong = Make(1, key: 8);
        Run(3);
        Assert.False(one.IsUp || wrong.IsUp);
        Assert.True(one.Counters.ReceiveDrops(DropReason.BadPeer) > 0);
    }

    private RemoteCable Make(int at, ulong key = 7)
    {
        VxlanPort port = _mesh.Ports[at];
        if (_mesh.Vteps[at].Segments.Count == 0)
        {
            port = _mesh.Vteps[at].AddSegment(Mesh.Vni, "again", new SegmentOptions { Learns = false });
            _mesh.Vteps[at].AddRemote(port, Mesh.Address(1 - at));
        }

        RemoteCable end = new(port, _mesh.Clock, key);
        end.Receive(_sinks[at]);
        _ends.Add(end);
        return end;
    }

    private void Run(double seconds)
    {
        for (double passed = 0; passed < seconds; passed += 0.1)
        {
            _mesh.Clock.Advance(TimeSpan.FromSeconds(0.1));
            _mesh.Settle();
        }
    }

    private sealed class Watcher(List<bool> seen) : ILinkWatcher
    {
        public void LinkChanged(IPort port, bool isUp) => seen.Add(isUp);
    }
}
