using Fabric.TestKit;
using Fabric.TestKit.Link;
using static Fabric.TestKit.Link.TestFrames;

namespace Fabric.Link.Tests;

public sealed class MemoryLinkTests
{
    private static readonly FrameOffload PartialChecksum = new() { Flags = OffloadFlags.NeedsChecksum, ChecksumStart = 34, ChecksumOffset = 16 };

    [Fact]
    public void FramesOfAllLengthsArriveInOrderWhereverTheRingWraps()
    {
        Random random = new(TestSeed.Seed);
        using MemoryLink link = new("a", "b");
        for (int round = 0; round < TestSeed.Count(400); round++)
        {
            List<byte[]> sent = [];
            for (int i = random.Next(1, 6); i > 0; i--)
            {
                byte[] frame = new byte[random.Next(4) == 0 ? random.Next(14, Frame.MaxLength + 1) : random.Next(14, 1515)];
                random.NextBytes(frame);
                if (link.First.Send(frame, default, random.Next(1, 14), 14) == 1)
                    sent.Add(frame);
            }

            Assert.NotEmpty(sent);
            Assert.Equal(sent, link.Second.ReceiveAll().Select(frame => frame.Bytes));
        }
    }

    [Fact]
    public void TheLongestFrameAlwaysFitsAnEmptyRing()
    {
        using MemoryLink link = new("a", "b");
        byte[] longest = new byte[Frame.MaxLength];
        for (int i = 0; i < 5000; i++)
        {
            Assert.Equal(1, link.First.Send(longest));
            Assert.Equal(1, link.Second.Receive(new RecordingSink()));
            Assert.Equal(1, link.First.Send(longest.AsSpan(0, 14 + (16 * (i % 40))).ToArray()));
            Assert.Equal(1, link.Second.Receive(new RecordingSink()));
        }
    }

    [Fact]
    public void AFullRingDropsAndCountsAndRecovers()
    {
        using MemoryLink link = new("a", "b");
        byte[] frame = Ethernet(Broadcast, Station(1), length: 1500);
        int accepted = 0;
        while (link.First.Send(frame) == 1)
            accepted++;
        Assert.Equal(MemoryLink.DefaultCapacity / 1520, accepted);
        Assert.Equal(1, link.First.Counters.TransmitDrops(DropReason.NoBuffer));
        Assert.Equal(accepted, link.First.Counters.TransmittedFrames);
        Assert.Equal(1500L * accepted, link.First.Counters.TransmittedBytes);
        Assert.Equal(accepted, link.Second.ReceiveAll().Count);
        Assert.Equal(1, link.First.Send(frame));
        Assert.Equal(accepted, link.Second.Counters.ReceivedFrames);
    }

    [Fact]
    public void OffloadsPassOnlyWhereTheEndAcceptsThem()
    {
        using MemoryLink link = new("a", "b", firstAccepts: FrameOffloads.Checksum);
        byte[] frame = Ethernet(Broadcast, Station(1));
        Assert.Equal(1, link.First.Send(frame, PartialChecksum));
        Assert.Equal(PartialChecksum, Assert.Single(link.Second.ReceiveAll()).Offload);
        Assert.Equal(0, link.Second.Send(frame, PartialChecksum));
        Assert.Equal(1, link.Second.Counters.TransmitDrops(DropReason.UnsupportedOffload));
        FrameOffload unknown = new() { Gso = (GsoType)77 };
        Assert.Equal(0, link.First.Send(frame, unknown));
        Assert.Equal(1, link.First.Counters.TransmitDrops(DropReason.UnsupportedOffload));
    }

    [Fact]
    public void AnUnpluggedCableDrops()
    {
        using MemoryLink link = new("a", "b");
        link.Second.Dispose();
        Assert.Equal(0, link.First.Send(Ethernet(Broadcast, Station(1))));
        Assert.Equal(0, link.Second.Send(Ethernet(Broadcast, Station(1))));
        Assert.Equal(1, link.First.Counters.TransmitDrops(DropReason.LinkDown));
        Assert.Equal(1, link.Second.Counters.TransmitDrops(DropReason.LinkDown));
    }

    [Fact]
    public void ACutCableTellsBothEndsAndDropsWhatIsSent()
    {
        using MemoryLink link = new("a", "b");
        List<(string, bool)> told = [];
        link.First.AttachLinkWatcher(new Watcher(told));
        link.Second.AttachLinkWatcher(new Watcher(told));

        link.SetUp(false);
        Assert.Equal(0, link.First.Send(Ethernet(Broadcast, Station(1))));
        Assert.Equal(1, link.First.Counters.TransmitDrops(DropReason.LinkDown));
        Assert.False(link.Second.IsUp);

        link.SetUp(true);
        Assert.Equal(1, link.First.Send(Ethernet(Broadcast, Station(1))));
        link.First.Dispose();
        Assert.Equal([("a", false), ("b", false), ("a", true), ("b", true), ("a", false), ("b", false)], told);
    }

    [Fact]
    public void NothingIsAllocatedPerFrame()
    {
        using MemoryLink link = new("a", "b");
        Discard discard = new();
        byte[] frame = Ethernet(Broadcast, Station(1));
        link.First.Send(frame);
        link.Second.Receive(discard);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 10_000; i++)
        {
            link.First.Send(frame);
            link.Second.Receive(discard);
        }

        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 10_000, "less than a byte a frame");
    }

    private sealed class Watcher(List<(string, bool)> told) : ILinkWatcher
    {
        public void LinkChanged(IPort port, bool isUp) => told.Add((port.Name, isUp));
    }

    private sealed class Discard : IFrameSink
    {
        public void Accept(IPort port, ReadOnlySpan<Frame> frames)
        {
        }
    }
}
