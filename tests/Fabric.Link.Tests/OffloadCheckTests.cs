using System.Buffers.Binary;
using Fabric.TestKit.Link;
using Fabric.TestKit.Wire;

namespace Fabric.Link.Tests;

public sealed class OffloadCheckTests
{
    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(true, true)]
    public void FramesAsAStackSendsThemPass(bool v6, bool udp)
    {
        PacketRecipe recipe = new() { V6 = v6, Udp = udp, Payload = new byte[1000], Vlans = [5] };
        OffloadCheck check = new();
        for (int i = 0; i < 5; i++)
        {
            Look(check, recipe.Build(), Partial(recipe));
            Look(check, Finished(recipe), default);
            Look(check, recipe.Build(), Partial(recipe) with { Gso = udp ? GsoType.UdpL4 : v6 ? GsoType.TcpV6 : GsoType.TcpV4, GsoSize = 400 });
        }

        Assert.Equal((15, 0, 0, false), (check.Checked, check.Contradictions, check.WrongChecksums, check.IsCorrupting));
    }

    [Fact]
    public void APortThatLeavesChecksumsUnfinishedIsFoundOut()
    {
        OffloadCheck check = new();
        for (int i = 0; i < 4; i++)
            Look(check, new PacketRecipe { Payload = new byte[100] }.Build(), default);
        Assert.Equal((4, 0, 4, true), (check.Checked, check.Contradictions, check.WrongChecksums, check.IsCorrupting));
    }

    [Fact]
    public void APortWhoseHeadersPointElsewhereIsFoundOut()
    {
        PacketRecipe tagged = new() { Payload = new byte[100], Vlans = [5] };
        FrameOffload right = Partial(tagged);
        OffloadCheck check = new();
        // As if the tag had not been counted; the field of another protocol; another family; nothing of the pseudo-header.
        Look(check, tagged.Build(), right with { ChecksumStart = (ushort)(right.ChecksumStart - 4) });
        Look(check, tagged.Build(), right with { ChecksumOffset = 6 });
        Look(check, tagged.Build(), right with { Gso = GsoType.TcpV6, GsoSize = 50 });
        Assert.False(check.IsCorrupting);
        byte[] empty = tagged.Build();
        empty.AsSpan(tagged.TransportStart + 16, 2).Clear();
        Look(check, empty, right);
        Assert.Equal((4, 3, 1, true), (check.Checked, check.Contradictions, check.WrongChecksums, check.IsCorrupting));
    }

    [Fact]
    public void TheCheckEndsWithItsSampleAndPassesOverWhatItCannotJudge()
    {
        OffloadCheck check = new();
        Look(check, TestFrames.Ethernet(TestFrames.Broadcast, TestFrames.Station(1)), default);
        PacketRecipe recipe = new() { Udp = true, Payload = [1] };
        byte[] withoutChecksum = recipe.Build();
        withoutChecksum.AsSpan(recipe.TransportStart + 6, 2).Clear();
        Look(check, withoutChecksum, default);
        Assert.Equal((1, 0), (check.Checked, check.WrongChecksums));
        for (int i = 0; i < 2 * OffloadCheck.Sample; i++)
            Look(check, Finished(recipe), default);
        Look(check, recipe.Build(), default);
        Assert.Equal((OffloadCheck.Sample, 0), (check.Checked, check.WrongChecksums));
    }

    private static unsafe void Look(OffloadCheck check, byte[] bytes, FrameOffload offload)
    {
        fixed (byte* start = bytes)
            check.Look([new Frame(start, bytes.Length, in offload)]);
    }

    private static FrameOffload Partial(PacketRecipe recipe) => new()
    {
        Flags = OffloadFlags.NeedsChecksum,
        ChecksumStart = (ushort)recipe.TransportStart,
        ChecksumOffset = (ushort)(recipe.Udp ? 6 : 16),
    };

    private static byte[] Finished(PacketRecipe recipe)
    {
        byte[] frame = recipe.Build();
        ushort sum = (ushort)~SlowChecksum.Sum(frame[recipe.TransportStart..]);
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(recipe.TransportStart + (recipe.Udp ? 6 : 16)), sum);
        return frame;
    }
}
