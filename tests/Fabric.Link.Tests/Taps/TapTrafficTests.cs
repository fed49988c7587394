using Fabric.Link.Taps;
using Fabric.Link.Tests.Host;

namespace Fabric.Link.Tests.Taps;

public sealed class TapTrafficTests
{
    [SkippableTheory]
    [InlineData(1)]
    [InlineData(3)]
    public void PingPasses(int queues)
    {
        using TapPair pair = new(left => left with { Queues = queues }, right => right with { Queues = queues });
        HostTraffic.Ping(pair.LeftSpace, TapPair.RightV4, 4, 56);
        HostTraffic.Ping(pair.RightSpace, TapPair.LeftV6, 3, 1400);
    }

    [SkippableTheory]
    [InlineData(true, true, 1, 1500)]
    [InlineData(true, false, 1, 1500)]
    [InlineData(false, true, 1, 1500)]
    [InlineData(false, false, 1, 1500)]
    [InlineData(true, true, 2, 9000)]
    [InlineData(true, false, 2, 9000)]
    public void WhatIsSentArrivesWhateverTheSidesOffload(bool left, bool right, int queues, int mtu)
    {
        using TapPair pair = new(
            options => options with { Offloads = left, Queues = queues, Mtu = mtu },
            options => options with { Offloads = right, Queues = queues, Mtu = mtu });
        HostTraffic.Exchange(pair.LeftSpace, pair.RightSpace, TapPair.LeftV4, TapPair.RightV4);
        HostTraffic.Exchange(pair.LeftSpace, pair.RightSpace, TapPair.LeftV6, TapPair.RightV6);
        Assert.Equal(0, pair.Cross.Bad);
        Assert.All((TapPort[])[pair.Left, pair.Right], port => Assert.Equal((true, 0, 0), (port.Check.Checked > 50, port.Check.Contradictions, port.Check.WrongChecksums)));
        Assert.Equal(0, pair.Left.Counters.TransmitDrops(DropReason.BadOffload) + pair.Right.Counters.TransmitDrops(DropReason.BadOffload));
        // Super-frames really went: far fewer frames than the payload has segments.
        if (left && right)
            Assert.InRange(pair.Right.Counters.TransmittedFrames, 1, pair.Right.Counters.TransmittedBytes / mtu / 2);
    }
}
