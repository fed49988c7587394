using Fabric.Link.Bonding;
using Fabric.TestKit.Link;
using Fabric.TestKit.Time;
using Fabric.Wire;
using static Fabric.Link.Tests.Bonding.BondPair;

namespace Fabric.Link.Tests.Bonding;

/// <summary>What two sides agree on, and what they do not.</summary>
public sealed class LacpTests
{
    private const LacpState InUse = LacpState.Aggregation | LacpState.Synchronization | LacpState.Collecting | LacpState.Distributing;

    [Fact]
    public void SidesThatMeanEachOtherUseAllLinks()
    {
        using BondPair pair = new(4);
        Assert.False(pair.Left.IsUp);
        pair.Run(5);
        Assert.True(pair.Left.IsUp && pair.Right.IsUp);
        Assert.Equal(("0,1,2,3", "0,1,2,3"), (Used(pair.Left), Used(pair.Right)));
        LacpStatus status = Lacp(pair.Left, 2);
        Assert.Equal((LacpReceiveState.Current, LacpMuxState.Distributing), (status.Receive, status.Mux));
        Assert.Equal(InUse | LacpState.Activity | LacpState.ShortTimeout, status.Actor.State);
        Assert.Equal((MacAddress.Read(TestFrames.Station(2)), 3, status.Actor.State), (status.Partner.System, status.Partner.Port, status.Partner.State));
    }

    [Theory]
    [InlineData(false, false, false)]
    [InlineData(true, false, true)]
    [InlineData(false, true, true)]
    public void OneSideHasToSpeakFirst(bool leftActive, bool rightActive, bool agree)
    {
        using BondPair pair = new(2, left => left with { IsActive = leftActive }, right => right with { IsActive = rightActive });
        pair.Run(10);
        Assert.Equal((agree, agree), (pair.Left.IsUp, pair.Right.IsUp));
        Assert.Equal(leftActive || rightActive, Lacp(pair.Left, 0).Counts.Transmitted != 0);
    }

    [Theory]
    [InlineData(true, 55, 65)]
    [InlineData(false, 2, 4)]
    public void APartnerIsSpokenToAsOftenAsItAsks(bool isFast, int least, int most)
    {
        using BondPair pair = new(1, right: right => right with { IsFast = isFast });
        pair.Run(100);
        long before = Lacp(pair.Left, 0).Counts.Transmitted;
        pair.Run(60);
        Assert.InRange(Lacp(pair.Left, 0).Counts.Transmitted - before, least, most);
    }

    [Fact]
    public void ASilentPartnerIsGivenUpThoughTheLinkIsUp()
    {
        using BondPair pair = new(2);
        pair.Run(5);
        // The right side's worker stands still.
        pair.Clock.Advance(TimeSpan.FromSeconds(2.5));
        Assert.True(pair.Left.IsUp);
        pair.Clock.Advance(TimeSpan.FromSeconds(1));
        Assert.False(pair.Left.IsUp);
        Assert.Equal(LacpReceiveState.Expired, Lacp(pair.Left, 0).Receive);
        pair.Clock.Advance(TimeSpan.FromSeconds(3));
        Assert.Equal((LacpReceiveState.Defaulted, LacpExclusion.NoPartner), (Lacp(pair.Left, 0).Receive, Lacp(pair.Left, 0).Exclusion));
        pair.Run(6);
        Assert.True(pair.Left.IsUp && pair.Right.IsUp);
    }

    [Fact]
    public void LinksToAnotherSystemStayOut()
    {
        ManualTimeProvider clock = new();
        MemoryLink[] links = [.. Enumerable.Range(0, 5).Select(i => new MemoryLink($"a{i}", $"b{i}"))];
        using BondPort one = new("one", clock, [.. links.Select(link => new BondMember(link.First))], Options(1));
        using BondPort two = new("two", clock, [.. links.Take(2).Select(link => new BondMember(link.Second))], Options(2));
        using BondPort three = new("three", clock, [.. links.Skip(2).Select(link => new BondMember(link.Second))], Options(3));
        Run(clock, 8, one, two, three);
        Assert.Equal("2,3,4", Used(one));
        Assert.Equal((false, true), (two.IsUp, three.IsUp));
        Assert.Equal((LacpExclusion.OtherPartner, LacpExclusion.OtherPartner), (Lacp(one, 0).Exclusion, Lacp(one, 1).Exclusion));

        // The group in use stays while one link of it does, though the other one is larger, which then gets its turn.
        links[2].SetUp(false);
        links[4].SetUp(false);
        Run(clock, 4, one, two, three);
        Assert.Equal("3", Used(one));
        links[3].SetUp(false);
        Run(clock, 8, one, two, three);
        Assert.Equal("0,1", Used(one));
    }

    [Fact]
    public void LinksWithAnotherKeyStayOut()
    {
        ManualTimeProvider clock = new();
        MemoryLink[] links = [.. Enumerable.Range(0, 2).Select(i => new MemoryLink($"a{i}", $"b{i}"))];
        using BondPort one = new("one", clock, [.. links.Select(link => new BondMember(link.First))], Options(1));
        using BondPort two = new("two", clock, [new BondMember(links[0].Second)], Options(2));
        using BondPort three = new("three", clock, [new BondMember(links[1].Second)], Options(2) with { Key = 2 });
        Run(clock, 8, one, two, three);
        Assert.Equal("0", Used(one));
        Assert.Equal((true, false), (two.IsUp, three.IsUp));
    }

    [Fact]
    public void ACableBackIntoTheSameBondStaysOut()
    {
        ManualTimeProvider clock = new();
        MemoryLink loop = new("a", "b");
        using BondPort bond = new("bond", clock, [new BondMember(loop.First), new BondMember(loop.Second)], Options(1));
        Run(clock, 8, bond);
        Assert.False(bond.IsUp);
        Assert.Equal(LacpExclusion.Loopback, Lacp(bond, 0).Exclusion);
        Assert.NotEqual(0, Lacp(bond, 1).Counts.LoopedBack);
    }

    [Fact]
    public void ALinkThatGoesOneWayOnlyStaysOut()
    {
        ManualTimeProvider clock = new();
        MemoryLink good = new("a0", "b0");
        using MemoryLink near = new("a1", "x");
        using MemoryLink far = new("y", "b1");
        using BondPort one = new("one", clock, [new BondMember(good.First), new BondMember(near.First)], Options(1) with { IsFast = false });
        using BondPort two = new("two", clock, [new BondMember(good.Second), new BondMember(far.Second)], Options(2));
        for (int i = 0; i < 700; i++)
        {
            Run(clock, 0.1, one, two);
            far.First.Receive(new Relay(near.Second));
        }

        Assert.Equal(("0", "0"), (Used(one), Used(two)));
        Assert.Equal((LacpReceiveState.Current, LacpReceiveState.Defaulted), (Lacp(one, 1).Receive, Lacp(two, 1).Receive));
        Assert.Equal((false, true), (Lacp(one, 1).IsActorChurning, Lacp(one, 1).IsPartnerChurning));
        Assert.Equal((1, 0, 1), (Lacp(one, 1).Counts.PartnerChurns, Lacp(one, 0).Counts.PartnerChurns, Lacp(two, 1).Counts.ActorChurns));
    }

    [Fact]
    public void ANeighbourWithoutLacpIsNotAggregated()
    {
        using BondPair pair = new(2, right: right => right with { Mode = BondMode.Static });
        pair.Run(10);
        Assert.False(pair.Left.IsUp);
        Assert.Equal(LacpExclusion.NoPartner, Lacp(pair.Left, 1).Exclusion);
        pair.Right.Send(Flow(1, 1));
        pair.Pump();
        Assert.Empty(pair.LeftGot.Frames);
        Assert.Equal(1, pair.Left.Counters.ReceiveDrops(DropReason.NotCollecting));
        // It has to do with LACPDUs what it likes.
        Assert.All(pair.RightGot.Frames, frame => Assert.Equal(2, frame.Bytes[5]));
    }

    [Fact]
    public void SpareLinksStandByAndTakeOver()
    {
        // The lower system chooses, by its own priorities: the left side's, where they are against the numbers.
        ManualTimeProvider clock = new();
        MemoryLink[] links = [.. Enumerable.Range(0, 4).Select(i => new MemoryLink($"a{i}", $"b{i}"))];
        using BondPort left = new("left", clock, [.. links.Select((link, i) => new BondMember(link.First, 100 - i))], Options(1) with { MaxActive = 2 });
        using BondPort right = new("right", clock, [.. links.Select(link => new BondMember(link.Second))], Options(2) with { MaxActive = 2 });
        Run(clock, 8, left, right);
        Assert.Equal(("2,3", "2,3"), (Used(left), Used(right)));
        Assert.Equal((LacpSelected.Standby, LacpExclusion.Full), (Lacp(right, 0).Selected, Lacp(right, 0).Exclusion));
        links[3].SetUp(false);
        Run(clock, 0.5, left, right);
        Assert.Equal(("1,2", "1,2"), (Used(left), Used(right)));
    }

    [Fact]
    public void ABondBelowItsMinimumTellsTheOtherSide()
    {
        using BondPair pair = new(3, left => left with { MinLinks = 2 });
        pair.Run(5);
        pair.Links[0].SetUp(false);
        pair.Run(0.5);
        Assert.Equal((true, true), (pair.Left.IsUp, pair.Right.IsUp));
        pair.Links[1].SetUp(false);
        pair.Run(0.5);
        Assert.Equal((false, false), (pair.Left.IsUp, pair.Right.IsUp));
        Assert.Equal(LacpExclusion.TooFewLinks, Lacp(pair.Left, 2).Exclusion);
        pair.Links[1].SetUp(true);
        pair.Run(5);
        Assert.Equal(("1,2", "1,2"), (Used(pair.Left), Used(pair.Right)));
    }

    [Fact]
    public void APartnerThatMovesToAnotherPortIsForgottenOnTheFirst()
    {
        ManualTimeProvider clock = new();
        MemoryLink first = new("a0", "b0");
        MemoryLink second = new("a1", "b1");
        using BondPort one = new("one", clock, [new BondMember(first.First), new BondMember(second.First)], Options(1));
        BondPort two = new("two", clock, [new BondMember(first.Second)], Options(2));
        Run(clock, 8, one, two);
        first.SetUp(false);
        Run(clock, 0.1, one);
        Assert.Equal(1, Lacp(one, 0).Partner.Port);
        using BondPort moved = new("two", clock, [new BondMember(second.Second)], Options(2));
        Run(clock, 8, one, moved);
        Assert.Equal("1", Used(one));
        Assert.Equal(default, Lacp(one, 0).Partner);
        two.Dispose();
    }

    private static void Run(ManualTimeProvider clock, double seconds, params BondPort[] bonds)
    {
        RecordingSink nothing = new();
        for (int i = (int)(seconds * 10); i > 0; i--)
        {
            clock.Advance(TimeSpan.FromMilliseconds(100));
            while (bonds.Sum(bond => bond.Receive(nothing)) != 0)
            {
            }
        }
    }

    private sealed class Relay(IPort to) : IFrameSink
    {
        public void Accept(IPort port, ReadOnlySpan<Frame> frames) => to.Transmit(frames);
    }
}
