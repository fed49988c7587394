using Fabric.Link;
using Fabric.TestKit;
using Fabric.TestKit.Link;
using Fabric.TestKit.Wire;

namespace Fabric.Overlay.Tests;

/// <summary>Super-frames and partial checksums on their way through a tunnel.</summary>
public class OffloadTests
{
    private const int Segment = 1200;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_super_frame_crosses_as_finished_packets_and_comes_out_as_it_went_in(bool v6)
    {
        PacketRecipe recipe = Tcp(v6, 20 * Segment + 333);
        byte[] frame = recipe.Build();
        using Mesh mesh = new(2);
        mesh.Send(0, frame, Super(recipe));
        Assert.Equal(21, mesh.Network.Sent);
        RecordedFrame came = Assert.Single(mesh.Sinks[1].Frames);
        Assert.Equal(frame, came.Bytes);
        Assert.Equal((Super(recipe).Gso, (ushort)Segment, OffloadFlags.NeedsChecksum), (came.Offload.Gso, came.Offload.GsoSize, came.Offload.Flags));
        Assert.Equal((Super(recipe).ChecksumStart, Super(recipe).ChecksumOffset), (came.Offload.ChecksumStart, came.Offload.ChecksumOffset));
        Assert.Equal(21, mesh.Ports[1].Events.Joined);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Without_joining_each_packet_is_one_that_a_wire_would_carry(bool v6)
    {
        PacketRecipe recipe = Tcp(v6, 5 * Segment + 1);
        byte[] frame = recipe.Build();
        using Mesh mesh = new(2, new SegmentOptions { Coalesces = false });
        mesh.Send(0, frame, Super(recipe));
        Assert.Equal(6, mesh.Sinks[1].Frames.Count);
        byte[] payload = [.. mesh.Sinks[1].Frames.SelectMany(came => came.Bytes[recipe.HeaderLength..])];
        Assert.Equal(recipe.Payload, payload);
        Assert.All(mesh.Sinks[1].Frames, came => Assert.True(came.Offload.IsNone && IsRight(came.Bytes, recipe)));
    }

    [Fact]
    public void However_a_super_frame_lies_in_memory_the_same_packets_leave()
    {
        Random random = new(TestSeed.Seed);
        using Mesh mesh = new(2, new SegmentOptions { Coalesces = false });
        for (int round = 0; round < TestSeed.Count(50); round++)
        {
            PacketRecipe recipe = Tcp(random.Next(2) == 0, random.Next(2, 64_000)) with
            {
                TcpFlags = (byte)(0x10 | (random.Next(256) & ~0x02)), TcpOptions = 4 * random.Next(11),
                Sequence = (uint)random.Next(), Identification = (ushort)random.Next(),
            };
            byte[] frame = recipe.Build();
            FrameOffload offload = Super(recipe) with { GsoSize = (ushort)random.Next(48, Segment) };
            int[] cuts = [random.Next(1, recipe.HeaderLength), recipe.HeaderLength, random.Next(recipe.HeaderLength + 1, frame.Length)];
            // In one piece, in two that end with the headers or before, and in shreds.
            List<byte[]>[] ways = [.. new int[][] { [], [cuts[1]], [cuts[0]], cuts }.Select(splits => Cross(mesh, frame, offload, splits))];
            Assert.All(ways, way => Assert.Equal(ways[^1], way));
            Assert.All(ways[0], packet => Assert.True(IsRight(packet, recipe)));
            Assert.Equal(recipe.Payload, ways[0].SelectMany(packet => packet[recipe.HeaderLength..]));
        }
    }

    [Fact]
    public void However_a_partial_frame_lies_in_memory_it_is_finished()
    {
        Random random = new(TestSeed.Seed);
        using Mesh mesh = new(2, new SegmentOptions { Coalesces = false, Tags = InnerTags.Carried });
        for (int round = 0; round < TestSeed.Count(50); round++)
        {
            PacketRecipe recipe = Tcp(random.Next(2) == 0, random.Next(2, Segment)) with { Udp = random.Next(2) == 0, Vlans = random.Next(3) == 0 ? [7] : [], NetworkOptions = 8 * random.Next(3) };
            byte[] frame = recipe.Build();
            int[] cuts = [random.Next(1, 128), random.Next(128, 140), random.Next(140, 160)];
            List<byte[]>[] ways = [.. new int[][] { [], [cuts[0]], cuts }.Where(splits => splits.Length == 0 || splits[^1] < frame.Length).Select(splits => Cross(mesh, frame, Partial(recipe), splits))];
            byte[] finished = Assert.Single(ways[0]);
            Assert.All(ways, way => Assert.Equal(finished, Assert.Single(way)));
            Assert.True(IsRight(finished, recipe));
            Assert.Equal(recipe.Payload, finished[recipe.HeaderLength..]);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Datagrams_in_a_row_are_marked_as_verified_when_they_are_right(bool v6)
    {
        PacketRecipe recipe = Tcp(v6, 64) with { Udp = true };
        using Mesh mesh = new(2);
        mesh.Send(0, recipe.Build(), Partial(recipe));
        byte[] right = mesh.Sinks[1].Frames[0].Bytes;
        byte[] wrong = [.. right];
        wrong[^1] ^= 1;
        byte[] none = [.. right];
        none.AsSpan(recipe.TransportStart + 6, 2).Clear();
        byte[] train = [.. new[] { right, wrong, none, right }.SelectMany(frame => (byte[])[0x08, 0, 0, 0, 0, 0, Mesh.Vni, 0, .. frame])];
        mesh.Sinks[1].Frames.Clear();
        mesh.Underlays[1].Inject(Mesh.Address(0), train, train.Length / 4);
        mesh.Settle();
        Assert.Equal([right, wrong, none, right], mesh.Sinks[1].Frames.Select(came => came.Bytes));
        Assert.Equal([OffloadFlags.DataValid, OffloadFlags.None, OffloadFlags.None, OffloadFlags.DataValid], mesh.Sinks[1].Frames.Select(came => came.Offload.Flags));
    }

    [Fact]
    public void A_damaged_segment_arrives_damaged()
    {
        PacketRecipe recipe = Tcp(false, 6 * Segment);
        using Mesh mesh = new(2, new SegmentOptions { Coalesces = false });
        mesh.Send(0, recipe.Build(), Super(recipe));
        byte[][] segments = [.. mesh.Sinks[1].Frames.Select(came => came.Bytes)];
        segments[3][^1] ^= 1;
        using Mesh joining = new(2);
        // As one train, which is how the host brings them.
        byte[] train = [.. segments.SelectMany(segment => (byte[])[0x08, 0, 0, 0, 0, 0, Mesh.Vni, 0, .. segment])];
        joining.Underlays[1].Inject(Mesh.Address(0), train, train.Length / 6);
        joining.Settle();
        List<RecordedFrame> came = joining.Sinks[1].Frames;
        Assert.Equal([3 * Segment, Segment, 2 * Segment], came.Select(frame => frame.Bytes.Length - recipe.HeaderLength));
        Assert.Equal(segments[3], came[1].Bytes);
        Assert.True(came[1].Offload.IsNone);
    }

    [Fact]
    public void A_gap_a_push_and_another_flow_end_a_super_frame()
    {
        PacketRecipe recipe = Tcp(false, Segment) with { TcpFlags = 0x10, Sequence = 1000 };
        using Mesh mesh = new(2);
        PacketRecipe[] packets =
        [
            recipe, recipe with { Sequence = 1000 + Segment }, recipe with { Sequence = 1000 + (2 * Segment), TcpFlags = 0x18 },
            recipe with { Sequence = 1000 + (3 * Segment) }, recipe with { Sequence = 1000 + (5 * Segment) },
            recipe with { Sequence = 1000 + (6 * Segment), TcpFlags = 0x11 },
            recipe with { Sequence = 1000 + (7 * Segment), TcpOptions = 4 },
        ];
        foreach (PacketRecipe one in packets)
            mesh.Ports[0].Send(one.Build(), Partial(one));
        mesh.Settle();
        Assert.Equal(5, mesh.Sinks[1].Frames.Count);
        Assert.Equal(recipe.HeaderLength + (3 * Segment), mesh.Sinks[1].Frames[0].Bytes.Length);
        Assert.Equal(0x18, mesh.Sinks[1].Frames[0].Bytes[recipe.TransportStart + 13]);
    }

    [Fact]
    public void A_frame_that_the_senders_kernel_left_partial_is_handed_on_as_partial()
    {
        PacketRecipe recipe = Tcp(false, 100) with { Udp = true };
        using Mesh mesh = new(2);
        byte[] frame = recipe.Build();
        mesh.Underlays[1].Inject(Mesh.Address(0), [0x08, 0, 0, 0, 0, 0, Mesh.Vni, 0, .. frame]);
        PacketRecipe large = Tcp(false, 20_000);
        mesh.Underlays[1].Inject(Mesh.Address(0), [0x08, 0, 0, 0, 0, 0, Mesh.Vni, 0, .. large.Build()]);
        mesh.Settle();
        RecordedFrame small = mesh.Sinks[1].Frames[0];
        Assert.Equal(frame, small.Bytes);
        Assert.Equal((OffloadFlags.NeedsChecksum, GsoType.None, (ushort)34, (ushort)6), (small.Offload.Flags, small.Offload.Gso, small.Offload.ChecksumStart, small.Offload.ChecksumOffset));
        FrameOffload super = mesh.Sinks[1].Frames[1].Offload;
        Assert.Equal((OffloadFlags.NeedsChecksum, GsoType.TcpV4, (ushort)(1450 - 20 - large.TransportLength)), (super.Flags, super.Gso, super.GsoSize));
    }

    [Fact]
    public void Nothing_is_allocated_on_the_way()
    {
        PacketRecipe recipe = Tcp(false, 20 * Segment);
        using Mesh mesh = new(2);
        mesh.Send(0, TestFrames.Ethernet(TestFrames.Broadcast, TestFrames.Station(1)));
        mesh.Send(1, TestFrames.Ethernet(TestFrames.Station(1), TestFrames.Station(2)));
        Discard discard = new();
        mesh.Ports[0].DeliverTo(discard);
        mesh.Ports[1].DeliverTo(discard);
        byte[] small = TestFrames.Ethernet(TestFrames.Station(2), TestFrames.Station(1));
        byte[] flood = TestFrames.Ethernet(TestFrames.Broadcast, TestFrames.Station(1));
        byte[] super = recipe.Build();
        FrameOffload offload = Super(recipe);
        Assert.Equal(0, SteadyState.LeastAllocated(200, () =>
        {
            mesh.Ports[0].Send(small);
            mesh.Ports[0].Send(flood);
            mesh.Ports[0].Send(super, offload);
            while (mesh.Vteps[1].Receiver.Receive(mesh.Vteps[1].Receiver) != 0)
            {
            }
        }));
    }

    internal static PacketRecipe Tcp(bool v6, int payload)
    {
        byte[] bytes = new byte[payload];
        new Random(TestSeed.Seed).NextBytes(bytes);
        return new PacketRecipe { V6 = v6, TcpOptions = 12, Payload = bytes };
    }

    internal static FrameOffload Partial(PacketRecipe recipe) => new()
    {
        Flags = OffloadFlags.NeedsChecksum, ChecksumStart = (ushort)recipe.TransportStart, ChecksumOffset = (ushort)(recipe.Udp ? 6 : 16),
    };

    internal static FrameOffload Super(PacketRecipe recipe) => Partial(recipe) with
    {
        Gso = recipe.Udp ? GsoType.UdpL4 : recipe.V6 ? GsoType.TcpV6 : GsoType.TcpV4, GsoSize = Segment, HeaderLength = (ushort)recipe.HeaderLength,
    };

    private static List<byte[]> Cross(Mesh mesh, byte[] frame, FrameOffload offload, int[] splits)
    {
        mesh.Sinks[1].Frames.Clear();
        Assert.Equal(1, mesh.Ports[0].Send(frame, offload, splits));
        mesh.Settle();
        return [.. mesh.Sinks[1].Frames.Select(came => came.Bytes)];
    }

    private static bool IsRight(byte[] frame, PacketRecipe recipe)
    {
        byte[] addresses = frame[(recipe.EthernetLength + (recipe.V6 ? 8 : 12))..(recipe.EthernetLength + (recipe.V6 ? 40 : 20))];
        int length = frame.Length - recipe.TransportStart;
        return SlowChecksum.Sum(addresses, [0, 0, (byte)(length >> 8), (byte)length], [0, (byte)(recipe.Udp ? 17 : 6)], frame[recipe.TransportStart..]) == 0xFFFF;
    }

    private sealed class Discard : IFrameSink
    {
        public void Accept(IPort port, ReadOnlySpan<Frame> frames)
        {
        }
    }
}
