using Fabric.TestKit.Link;
using static Fabric.TestKit.Link.TestFrames;

namespace Fabric.Link.Tests;

public class ObservedPortTests
{
    [Fact]
    public void Frames_pass_and_are_shown_both_ways_while_somebody_looks_on()
    {
        FrameObservers observers = new();
        Watcher watcher = new();
        using MemoryLink link = new("far", "near");
        using ObservedPort port = new(link.Second, observers);
        Sink sink = new();
        byte[] bytes = Ethernet(Broadcast, Station(1));

        link.First.Send(bytes);
        Assert.Equal(1, port.Receive(sink));
        observers.Add(watcher);
        link.First.Send(bytes);
        link.First.Send(bytes);
        Assert.Equal(2, port.Receive(sink));
        Assert.Equal(1, port.Send(bytes));
        Assert.True(observers.Remove(watcher));
        Assert.Equal(1, port.Send(bytes));

        Assert.Equal(3, sink.Frames);
        Assert.Same(port, sink.From);
        Assert.Equal(["near Received 2", "near Transmitted 1"], watcher.Seen);
        Assert.Equal((3, 2), (port.Counters.ReceivedFrames, port.Counters.TransmittedFrames));
    }

    [Fact]
    public void A_cut_cable_is_told_of_in_the_name_of_the_outer_port()
    {
        using MemoryLink link = new("far", "near");
        using ObservedPort port = new(link.Second, new FrameObservers());
        Watcher watcher = new();
        port.AttachLinkWatcher(watcher);

        link.SetUp(false);

        Assert.Equal(["near down"], watcher.Seen);
        Assert.False(port.IsUp);
    }

    private sealed class Sink : IFrameSink
    {
        internal int Frames { get; private set; }

        internal IPort? From { get; private set; }

        public void Accept(IPort port, ReadOnlySpan<Frame> frames)
        {
            From = port;
            Frames += frames.Length;
        }
    }

    private sealed class Watcher : IFrameObserver, ILinkWatcher
    {
        internal List<string> Seen { get; } = [];

        public void Observe(IPort port, FrameDirection direction, ReadOnlySpan<Frame> frames) => Seen.Add($"{port.Name} {direction} {frames.Length}");

        public void ObserveDrop(IPort port, FrameDirection direction, in Frame frame, DropReason reason) => Seen.Add($"{port.Name} {reason}");

        public void LinkChanged(IPort port, bool isUp) => Seen.Add($"{port.Name} {(isUp ? "up" : "down")}");
    }
}
