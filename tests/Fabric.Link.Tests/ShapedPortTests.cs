using Fabric.TestKit.Link;
using Fabric.TestKit.Time;
using static Fabric.TestKit.Link.TestFrames;

namespace Fabric.Link.Tests;

public sealed class ShapedPortTests : IDisposable
{
    private readonly ManualTimeProvider _time = new();
    private readonly MemoryLink _link = new("port", "host", firstAccepts: FrameOffloads.Checksum);
    private readonly ShapedPort _port;

    // 8 Mbit/s are 1000 bytes a millisecond.
    public ShapedPortTests() => _port = new ShapedPort(_link.First, new RateLimit(8_000_000, burst: 2000), _time, maxQueued: 10_000);

    public void Dispose()
    {
        _port.Dispose();
        _link.Dispose();
    }

    [Fact]
    public void TheBurstPassesAtOnceAndTheRestAtTheRateInOrder()
    {
        byte[][] frames = [.. Enumerable.Range(0, 10).Select(i => Ethernet(Broadcast, Station(1), 1000, (byte)i))];
        Assert.Equal(10, _port.SendBurst(frames));
        List<byte[]> received = [.. Received()];
        Assert.Equal(2, received.Count);
        Assert.Equal(8000, _port.Queued);
        for (int i = 0; i < 20; i++)
        {
            _time.Advance(TimeSpan.FromMilliseconds(1));
            List<byte[]> now = [.. Received()];
            Assert.InRange(now.Count, 0, 2);
            received.AddRange(now);
        }

        Assert.Equal(frames, received);
        Assert.Equal(0, _port.Queued);
    }

    [Fact]
    public void TheRateHoldsOverTime()
    {
        byte[][] frames = [.. Enumerable.Repeat(Ethernet(Broadcast, Station(1), 500), 32)];
        long bytes = 0;
        for (int i = 0; i < 1000; i++)
        {
            _port.SendBurst(frames);
            _time.Advance(TimeSpan.FromMilliseconds(1));
            bytes += Received().Sum(frame => frame.Length);
        }

        Assert.InRange(bytes, 990_000, 1_013_000);
        Assert.True(_link.First.Counters.TransmitDrops(DropReason.NoBuffer) > 20_000);
    }

    [Fact]
    public void AFullQueueDropsWhatComesNext()
    {
        byte[][] frames = [.. Enumerable.Repeat(Ethernet(Broadcast, Station(1), 1000), 20)];
        Assert.Equal(12, _port.SendBurst(frames));
        Assert.Equal(8, _link.First.Counters.TransmitDrops(DropReason.NoBuffer));
    }

    [Fact]
    public void ASuperFramePassesOnCredit()
    {
        byte[] large = Ethernet(Broadcast, Station(1), 60_000);
        Assert.Equal(1, _port.Send(large));
        Assert.Single(Received());
        Assert.Equal(1, _port.Send(Ethernet(Broadcast, Station(1))));
        _time.Advance(TimeSpan.FromMilliseconds(57));
        Assert.Empty(Received());
        _time.Advance(TimeSpan.FromMilliseconds(3));
        Assert.Single(Received());
    }

    [Fact]
    public void ReceivingLinksAndOffloadsAreTheInnerPorts()
    {
        RecordingSink sink = new();
        List<bool> told = [];
        _port.AttachLinkWatcher(new Watcher(_port, told));
        _link.Second.Send(Ethernet(Broadcast, Station(1)));
        _port.Receive(sink);
        Assert.Same(_port, Assert.Single(sink.Frames).Port);
        Assert.Equal(FrameOffloads.Checksum, _port.Accepts);
        _link.SetUp(false);
        Assert.Equal([false], told);
    }

    private IEnumerable<byte[]> Received() => _link.Second.ReceiveAll().Select(frame => frame.Bytes);

    private sealed class Watcher(IPort expected, List<bool> told) : ILinkWatcher
    {
        public void LinkChanged(IPort port, bool isUp)
        {
            Assert.Same(expected, port);
            told.Add(isUp);
        }
    }
}
