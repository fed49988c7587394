using Fabric.Link.Bonding;
using Fabric.TestKit;
using Fabric.TestKit.Link;
using Fabric.TestKit.Time;
using Fabric.Wire;
using static Fabric.Link.Tests.Bonding.BondPair;

namespace Fabric.Link.Tests.Bonding;

/// <summary>Slow protocols that come from anywhere: markers, and frames that are none.</summary>
public sealed class SlowProtocolTests
{
    [Fact]
    public void MarkersAreAnsweredUpToTheRateOfASlowProtocol()
    {
        using Wild wild = new(1);
        byte[] marker = Marker();
        for (int i = 0; i < 50; i++)
            wild.Links[0].Second.Send(marker);
        wild.Pump();
        List<byte[]> answers = [.. wild.Links[0].Second.ReceiveAll().Select(frame => frame.Bytes).Where(frame => frame[14] == 2)];
        Assert.Equal(10, answers.Count);
        marker[16] = 2;
        TestFrames.Station(1).CopyTo(marker, 6);
        Assert.All(answers, answer => Assert.Equal(marker, answer));
        wild.Links[0].Second.Send(marker);
        wild.Pump();
        LacpCounts counts = Lacp(wild.Bond, 0).Counts;
        Assert.Equal((50, 10, 1, 0), (counts.Markers, counts.MarkerResponses, counts.UnexpectedResponses, counts.Malformed));
    }

    [Theory]
    [InlineData(100, -1, 0)]
    [InlineData(123, -1, 0)]
    [InlineData(124, 15, 0)]
    [InlineData(124, 16, 9)]
    [InlineData(124, 17, 19)]
    [InlineData(124, 36, 1)]
    [InlineData(124, 57, 99)]
    public void WhatIsNoLacpduIsCountedAndChangesNothing(int length, int offset, byte value)
    {
        using Wild wild = new(1);
        byte[] frame = Lacpdu(wild.Bond, 0);
        if (offset >= 0)
            frame[offset] = value;
        wild.Links[0].Second.Send(frame[..length]);
        wild.Pump();
        Assert.Equal((0, 1), (Lacp(wild.Bond, 0).Counts.Received, Lacp(wild.Bond, 0).Counts.Malformed));
        Assert.Equal(default, Lacp(wild.Bond, 0).Partner with { State = 0 });
        // A later version, and what is reserved, do no harm.
        byte[] later = [.. Lacpdu(wild.Bond, 0), 1, 2, 3];
        later[15] = 2;
        later[33] = later[100] = 0xFF;
        wild.Links[0].Second.Send(later);
        wild.Pump();
        Assert.Equal((1, 1), (Lacp(wild.Bond, 0).Counts.Received, Lacp(wild.Bond, 0).Counts.Malformed));
    }

    [Fact]
    public void OtherFramesToTheGroupAreForWhoeverStandsAbove()
    {
        using BondPair pair = new(1);
        pair.Run(5);
        byte[] oam = Marker();
        oam[14] = 3;
        byte[] tagged = [.. Marker()[..12], 0x81, 0, 0, 5, .. Marker()[12..]];
        byte[] bpdu = Marker();
        bpdu[5] = 0;
        pair.Links[0].First.SendBurst(Flow(1, 1), oam, Marker(), tagged, bpdu, Flow(1, 2));
        pair.Pump();
        Assert.Equal([Flow(1, 1), oam, tagged, bpdu, Flow(1, 2)], pair.RightGot.Frames.Select(frame => frame.Bytes));
        Assert.Equal(1, Lacp(pair.Right, 0).Counts.Markers);
    }

    [Fact]
    public void NoMoreThanThreeLacpdusASecondAreSentWhateverComes()
    {
        using Wild wild = new(1);
        byte[] frame = Lacpdu(wild.Bond, 0);
        for (int i = 0; i < 1000; i++)
        {
            // Each contradicts the one before, so that each asks for an answer.
            frame[13 + 20] = (byte)i;
            frame[56 - 4] ^= 0xFF;
            wild.Links[0].Second.Send(frame);
            wild.Pump();
            wild.Clock.Advance(TimeSpan.FromMilliseconds(10));
        }

        Assert.InRange(Lacp(wild.Bond, 0).Counts.Transmitted, 25, 33);
    }

    [Fact]
    public void WildLacpdusNeverLeaveTheMachinesInconsistent()
    {
        Random random = new(TestSeed.Seed);
        using Wild wild = new(4);
        long data = 0;
        for (int round = 0; round < TestSeed.Count(20_000); round++)
        {
            int link = random.Next(4);
            switch (random.Next(8))
            {
                case 0:
                    byte[] bytes = new byte[random.Next(14, 200)];
                    random.NextBytes(bytes);
                    Marker().AsSpan(0, Math.Min(bytes.Length, random.Next(6, 18))).CopyTo(bytes);
                    bytes[Math.Min(14, bytes.Length - 1)] = (byte)random.Next(4);
                    data += SlowProtocol.TryRead(bytes, out SlowProtocolSubtype subtype) && subtype is SlowProtocolSubtype.Lacp or SlowProtocolSubtype.Marker ? 0 : 1;
                    wild.Links[link].Second.Send(bytes, default, random.Next(2) == 0 ? [] : [random.Next(1, 14)]);
                    break;
                case 1:
                    wild.Links[link].SetUp(random.Next(4) != 0);
                    break;
                case 2:
                    data += wild.Links[link].Second.Send(Flow(1, 1));
                    break;
                case 3:
                    wild.Clock.Advance(TimeSpan.FromMilliseconds(random.Next(2000)));
                    break;
                default:
                    wild.Links[link].Second.Send(WildLacpdu(random, wild.Bond, link));
                    break;
            }

            wild.Pump();
            foreach (MemoryLink each in wild.Links)
                each.Second.Receive(new RecordingSink());
            CheckConsistent(wild.Bond);
        }

        long lost = wild.Links.Sum(link => link.Second.Counters.TransmitDrops(DropReason.LinkDown));
        Assert.InRange(wild.Bond.Counters.ReceivedFrames + wild.Bond.Counters.ReceiveDrops(DropReason.NotCollecting), data - lost, data);
        Assert.NotEqual(0, wild.Bond.Counters.ReceivedFrames);
    }

    private static void CheckConsistent(BondPort bond)
    {
        BondStatus status = bond.ReadStatus();
        List<LacpStatus> used = [.. status.Members.Where(member => member.IsDistributing).Select(member => member.Lacp!)];
        Assert.True(used.Count <= 2, "more are used than may be");
        Assert.True(used.Select(lacp => (lacp.Partner.SystemId, lacp.Partner.Key)).Distinct().Count() <= 1, "frames go to two systems");
        Assert.True(used.Count <= 1 || used.TrueForAll(lacp => lacp.Partner.State.HasFlag(LacpState.Aggregation)), "an individual link is one of several");
        Assert.All(used, lacp =>
        {
            Assert.Equal((LacpSelected.Selected, LacpMuxState.Distributing), (lacp.Selected, lacp.Mux));
            Assert.Equal(LacpState.Synchronization | LacpState.Collecting, lacp.Partner.State & (LacpState.Synchronization | LacpState.Collecting));
            Assert.NotEqual(lacp.Actor.System, lacp.Partner.System);
        });
        Assert.All(status.Members, member => Assert.True(!member.IsDistributing || member.IsUp));
        Assert.Equal(status.IsUp, used.Count != 0);
    }

    // Near enough to what a partner would say that the machines get somewhere.
    private static byte[] WildLacpdu(Random random, BondPort bond, int member)
    {
        byte[] frame = Lacpdu(bond, member, system: random.Next(20) == 0 ? random.Next(4) : 7, key: random.Next(20) == 0 ? 2 : 1);
        frame[32] = random.Next(3) == 0 ? (byte)random.Next(256) : (byte)0x3D;
        for (int i = random.Next(12) - 9; i > 0; i--)
            frame[random.Next(6, frame.Length)] ^= (byte)(1 << random.Next(8));
        return frame;
    }

    /// <summary>A LACPDU of a partner in sync with a member, octet by octet (6.4.2.3).</summary>
    private static byte[] Lacpdu(BondPort bond, int member, int system = 7, int key = 1)
    {
        LacpInformation actor = Lacp(bond, member).Actor;
        byte[] own = new byte[6];
        actor.System.CopyTo(own);
        byte[] start =
        [
            0x01, 0x80, 0xC2, 0, 0, 2, .. TestFrames.Station(system), 0x88, 0x09, 1, 1,
            1, 20, 0x80, 0, .. TestFrames.Station(system), 0, (byte)key, 0x80, 0, 0, (byte)(member + 1), 0x3D, 0, 0, 0,
            2, 20, (byte)(actor.SystemPriority >> 8), (byte)actor.SystemPriority, .. own, 0, (byte)actor.Key, (byte)(actor.PortPriority >> 8), (byte)actor.PortPriority, 0, (byte)actor.Port, (byte)actor.State, 0, 0, 0,
            3, 16,
        ];
        return [.. start, .. new byte[124 - start.Length]];
    }

    private static byte[] Marker()
    {
        byte[] start = [0x01, 0x80, 0xC2, 0, 0, 2, .. TestFrames.Station(7), 0x88, 0x09, 2, 1, 1, 16, 0, 3, .. TestFrames.Station(7), 1, 2, 3, 4];
        return [.. start, .. new byte[124 - start.Length]];
    }

    /// <summary>A bond whose cables end in the test.</summary>
    private sealed class Wild : IDisposable
    {
        public Wild(int links)
        {
            Links = [.. Enumerable.Range(0, links).Select(i => new MemoryLink($"a{i}", $"b{i}"))];
            Bond = new BondPort("bond", Clock, [.. Links.Select(link => new BondMember(link.First))], Options(1) with { MaxActive = 2 });
        }

        public ManualTimeProvider Clock { get; } = new();

        public MemoryLink[] Links { get; }

        public BondPort Bond { get; }

        public void Pump()
        {
            RecordingSink sink = new();
            while (Bond.Receive(sink) != 0)
            {
            }
        }

        public void Dispose() => Bond.Dispose();
    }
}
