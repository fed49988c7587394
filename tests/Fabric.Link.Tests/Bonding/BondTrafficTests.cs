using System.Buffers.Binary;
using System.Net.Sockets;
using Fabric.Link.Bonding;
using Fabric.Link.Streams;
using Fabric.TestKit;
using Fabric.TestKit.Link;
using static Fabric.Link.Tests.Bonding.BondPair;

namespace Fabric.Link.Tests.Bonding;

/// <summary>Which way frames go, and in what order they arrive.</summary>
public sealed class BondTrafficTests
{
    [Fact]
    public void FlowsSpreadEvenlyAndEachKeepsToItsLink()
    {
        using BondPair pair = new(4);
        pair.Run(5);
        long[] before = [.. pair.Links.Select(link => link.First.Counters.TransmittedFrames)];
        for (int flow = 0; flow < 2000; flow++)
        {
            Assert.Equal(2, pair.Left.SendBurst(Flow(flow, 0), Flow(flow, 1)));
            pair.Pump();
        }

        long[] sent = [.. pair.Links.Select((link, i) => link.First.Counters.TransmittedFrames - before[i])];
        Assert.All(sent, frames => Assert.InRange(frames, 800, 1200));
        Assert.All(sent, frames => Assert.Equal(0, frames % 2));
        Assert.Equal(4000, pair.RightGot.Frames.Count);
        Assert.All(pair.RightGot.Frames, frame => Assert.Same(pair.Right, frame.Port));
        Assert.Equal((4000, 240_000), (pair.Left.Counters.TransmittedFrames, pair.Left.Counters.TransmittedBytes));
        Assert.Equal((4000, 240_000), (pair.Right.Counters.ReceivedFrames, pair.Right.Counters.ReceivedBytes));
    }

    [Theory]
    [InlineData(BondHash.Layer2, 1, 1)]
    [InlineData(BondHash.Layer2And3, 1, 4)]
    [InlineData(BondHash.Layer3And4, 4, 4)]
    public void TheHashSaysWhatAFlowIs(BondHash hash, int linksOfPorts, int linksOfAddresses)
    {
        using BondPair pair = new(4, left => left with { Hash = hash });
        pair.Run(5);
        Assert.Equal(linksOfPorts, LinksUsed(pair, flow => Flow(flow, 0)));
        Assert.Equal(linksOfAddresses, LinksUsed(pair, flow => Patched(flow, 29, (byte)flow)));
        Assert.Equal(4, LinksUsed(pair, flow => Patched(0, 11, (byte)flow)));
        // Of a datagram in pieces only the first has ports: none counts.
        Assert.Equal(1, LinksUsed(pair, flow => Patched(flow, 20, 0x20)));
    }

    [Fact]
    public void ASuperFrameKeepsToTheWayOfItsFlow()
    {
        using BondPair pair = new(4, accepts: FrameOffloads.Checksum | FrameOffloads.Udp);
        pair.Run(5);
        FrameOffload offload = new() { Flags = OffloadFlags.NeedsChecksum, Gso = GsoType.UdpL4, GsoSize = 1000, HeaderLength = 42, ChecksumStart = 34, ChecksumOffset = 6 };
        for (int flow = 0; flow < 50; flow++)
        {
            byte[] super = new byte[9000];
            Flow(flow, 0).CopyTo(super, 0);
            BinaryPrimitives.WriteUInt16BigEndian(super.AsSpan(16), 8986);
            long[] before = [.. pair.Links.Select(link => link.First.Counters.TransmittedFrames)];
            Assert.Equal(1, pair.Left.Send(Flow(flow, 0)));
            Assert.Equal(1, pair.Left.Send(super, offload, 20, 1000));
            Assert.Equal(2, pair.Links.Select((link, i) => link.First.Counters.TransmittedFrames - before[i]).Max());
            pair.Pump();
        }

        Assert.Equal(50, pair.RightGot.Frames.Count(frame => frame.Offload.Equals(offload)));
    }

    [Fact]
    public void WhatOneMemberCannotCarryTheBondCannot()
    {
        MemoryLink able = new("a", "b", FrameOffloads.Checksum | FrameOffloads.TcpV4);
        MemoryLink less = new("c", "d", FrameOffloads.Checksum | FrameOffloads.Udp);
        using BondPort bond = new("bond", TimeProvider.System, [new(able.First), new(less.First)], new BondOptions { Mode = BondMode.Static });
        Assert.Equal(FrameOffloads.Checksum, bond.Accepts);
    }

    [Fact]
    public void ACutLinkLosesNoLaterFrame()
    {
        using BondPair pair = new(4);
        pair.Run(5);
        int sequence = 0;
        foreach (int cut in (int[])[2, 0, 3])
        {
            pair.Links[cut].SetUp(false);
            // Before any timer runs or any LACPDU is sent.
            for (int flow = 0; flow < 100; flow++)
                Assert.Equal(1, pair.Left.Send(Flow(flow, sequence)));
            sequence++;
            pair.Pump();
            pair.Run(1);
        }

        Assert.Equal("1", Used(pair.Right));
        Assert.Equal(300, pair.RightGot.Frames.Count);
        pair.Links[1].SetUp(false);
        Assert.Equal(0, pair.Left.Send(Flow(1, 1)));
        Assert.Equal(1, pair.Left.Counters.TransmitDrops(DropReason.LinkDown));
        Assert.False(pair.Left.IsUp);
    }

    [Theory]
    [InlineData(BondMode.Lacp)]
    [InlineData(BondMode.Static)]
    public void NoFrameOvertakesAnotherOfItsFlow(BondMode mode)
    {
        Random random = new(TestSeed.Seed);
        using BondPair pair = new(4, left => left with { Mode = mode }, right => right with { Mode = mode });
        pair.Run(5);
        int[] sent = new int[64];
        int[] got = new int[64];
        for (int round = 0; round < TestSeed.Count(4000); round++)
        {
            int[] flows = [.. Enumerable.Range(0, random.Next(1, 33)).Select(_ => random.Next(sent.Length))];
            pair.Left.SendBurst([.. flows.Select(flow => Flow(flow, ++sent[flow]))]);
            for (int polls = random.Next(4); polls > 0; polls--)
                pair.Right.Receive(pair.RightGot);
            if (random.Next(50) == 0)
            {
                // What stands in a queue when its link is cut arrives after what follows by another way: let it arrive before.
                pair.Pump();
                pair.Links[random.Next(4)].SetUp(random.Next(3) != 0);
            }

            pair.Clock.Advance(TimeSpan.FromMilliseconds(random.Next(30)));
            if (random.Next(8) == 0)
                pair.Pump();
            foreach (RecordedFrame frame in pair.RightGot.Frames)
            {
                (int flow, int sequence) = Read(frame);
                Assert.True(sequence > got[flow], $"round {round}: flow {flow} had {got[flow]} before {sequence}");
                got[flow] = sequence;
            }

            pair.RightGot.Frames.Clear();
        }

        Assert.True(got.Sum() > sent.Sum() / 2);
    }

    [Fact]
    public void AMemberThatComesGetsItsShareOfTheFlows()
    {
        using BondPair pair = new(2);
        pair.Links[1].SetUp(false);
        pair.Run(5);
        Assert.Equal("0", Used(pair.Left));
        pair.Links[1].SetUp(true);
        pair.Run(5);
        Assert.Equal(2, LinksUsed(pair, flow => Flow(flow, 0)));
    }

    [Fact]
    public void AStaticBondUsesWhatIsUp()
    {
        using BondPair pair = new(3, left => left with { Mode = BondMode.Static, MinLinks = 2 }, right => right with { Mode = BondMode.Static });
        Watcher watcher = new();
        pair.Left.AttachLinkWatcher(watcher);
        Assert.Equal(("0,1,2", true), (Used(pair.Left), pair.Left.IsUp));
        pair.Links[0].SetUp(false);
        pair.Run(0.1);
        Assert.Equal(("1,2", true), (Used(pair.Left), pair.Left.IsUp));
        pair.Links[1].SetUp(false);
        pair.Run(0.1);
        Assert.False(pair.Left.IsUp);
        pair.Links[1].SetUp(true);
        pair.Run(0.1);
        Assert.Equal(["left down", "left up"], watcher.Told);
    }

    [Fact]
    public void OfABackupPairOneCarriesAll()
    {
        using BondPair pair = new(3, left => left with { Mode = BondMode.ActiveBackup }, right => right with { Mode = BondMode.ActiveBackup });
        Assert.Equal("0", Used(pair.Left));
        Assert.Equal(1, LinksUsed(pair, flow => Flow(flow, 0)));
        pair.Links[0].SetUp(false);
        Assert.Equal(1, pair.Left.Send(Flow(1, 1)));
        Assert.Equal("1", Used(pair.Left));
        pair.Run(0.1);
        // None is better than the one in use.
        pair.Links[0].SetUp(true);
        pair.Run(1);
        Assert.Equal(("1", "1"), (Used(pair.Left), Used(pair.Right)));
        pair.Links[0].Second.Send(Flow(2, 2));
        pair.Pump();
        Assert.Equal(1, pair.Left.Counters.ReceiveDrops(DropReason.NotCollecting));
    }

    [Fact]
    public void NothingIsAllocatedPerFrame()
    {
        using BondPair pair = new(4);
        pair.Run(5);
        byte[][] frames = [.. Enumerable.Range(0, 8).Select(flow => Flow(flow, 0))];
        Discard discard = new();
        long least = SteadyState.LeastAllocated(1000, () =>
        {
            foreach (byte[] frame in frames)
                pair.Left.Send(frame);
            while (pair.Right.Receive(discard) != 0)
            {
            }
        });
        Assert.Equal(0, least);
    }

    [Fact]
    public void AWorkerPollsABondAndSleeps()
    {
        MemoryLink[] links = [new("a", "b"), new("c", "d")];
        BondOptions options = new() { Mode = BondMode.Static };
        using BondPort left = new("left", TimeProvider.System, [.. links.Select(link => new BondMember(link.First))], options);
        using BondPort right = new("right", TimeProvider.System, [.. links.Select(link => new BondMember(link.Second))], options);
        using CountingSink sink = new(500);
        using PortWorker worker = new("test");
        worker.Add(right, sink);
        for (int i = 0; i < 500; i++)
        {
            byte[] frame = TestFrames.Ethernet(TestFrames.Broadcast, TestFrames.Station(1));
            BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(14), i);
            Assert.Equal(1, left.Send(frame));
            if (i % 10 == 0)
                Assert.True(SpinWait.SpinUntil(() => sink.Count == i + 1, TimeSpan.FromSeconds(60)));
        }

        Assert.True(sink.WaitForAll());
        Assert.Equal(0, sink.OutOfOrder);
        long sleeps = worker.Sleeps;
        Assert.True(SpinWait.SpinUntil(() => worker.Sleeps > 0, TimeSpan.FromSeconds(60)), $"{sleeps}");
        Assert.True(worker.Remove(right));
    }

    [Fact]
    public void MembersThatArePolledAndOnesThatAreWatchedWakeTheWorkerAlike()
    {
        Random random = new(TestSeed.Seed);
        DirectoryInfo folder = Directory.CreateTempSubdirectory("fabric-bond");
        UnixDomainSocketEndPoint near = new(Path.Combine(folder.FullName, "near"));
        UnixDomainSocketEndPoint far = new(Path.Combine(folder.FullName, "far"));
        using (DatagramPort watched = DatagramPort.Open("watched", near, far))
        using (MemoryLink polled = new("a", "b"))
        using (BondPort bond = new("bond", TimeProvider.System, [new(polled.Second), new(DatagramPort.Open("member", far, near))], new BondOptions { Mode = BondMode.Static }))
        using (CountingSink sink = new(int.MaxValue))
        using (PortWorker worker = new("test"))
        {
            worker.Add(bond, sink);
            for (int i = 0; i < 1000; i++)
            {
                byte[] frame = TestFrames.Ethernet(TestFrames.Broadcast, TestFrames.Station(1));
                BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(14), i);
                Assert.Equal(1, random.Next(2) == 0 ? watched.Send(frame) : polled.First.Send(frame));
                Assert.True(SpinWait.SpinUntil(() => sink.Count == i + 1, TimeSpan.FromSeconds(60)), $"frame {i} was left behind");
                Thread.SpinWait(random.Next(5000));
            }

            Assert.Equal(0, sink.OutOfOrder);
            Assert.NotEqual(0, worker.Sleeps);
        }

        folder.Delete(recursive: true);
    }

    [Fact]
    public void OptionsThatContradictAreRefused()
    {
        using MemoryLink link = new("a", "b");
        BondMember[] members = [new(link.First)];
        Assert.Throws<LinkException>(() => new BondPort("x", TimeProvider.System, [], Options(1)));
        Assert.Throws<LinkException>(() => new BondPort("x", TimeProvider.System, [.. members, .. members], Options(1)));
        Assert.Throws<LinkException>(() => new BondPort("x", TimeProvider.System, members, Options(1) with { MinLinks = 2 }));
        Assert.Throws<LinkException>(() => new BondPort("x", TimeProvider.System, members, Options(1) with { Key = 0 }));
        Assert.Throws<LinkException>(() => new BondPort("x", TimeProvider.System, members, Options(1) with { SystemAddress = default }));
        Assert.Throws<LinkException>(() => new BondPort("x", TimeProvider.System, [new(link.First, 70000)], Options(1)));
    }

    private static byte[] Patched(int flow, int offset, byte value)
    {
        byte[] frame = Flow(flow, 0);
        frame[offset] = value;
        return frame;
    }

    private static int LinksUsed(BondPair pair, Func<int, byte[]> frame)
    {
        // Long enough for flows to move.
        pair.Run(0.3);
        long[] before = [.. pair.Links.Select(link => link.First.Counters.TransmittedFrames)];
        for (int flow = 0; flow < 100; flow++)
            Assert.Equal(1, pair.Left.Send(frame(flow)));
        pair.Pump();
        return pair.Links.Where((link, i) => link.First.Counters.TransmittedFrames != before[i]).Count();
    }

    private sealed class Watcher : ILinkWatcher
    {
        public List<string> Told { get; } = [];

        public void LinkChanged(IPort port, bool isUp) => Told.Add($"{port.Name} {(isUp ? "up" : "down")}");
    }

    private sealed class Discard : IFrameSink
    {
        public void Accept(IPort port, ReadOnlySpan<Frame> frames)
        {
        }
    }
}
