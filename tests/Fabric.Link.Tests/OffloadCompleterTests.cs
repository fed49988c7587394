using System.Buffers.Binary;
using System.Numerics;
using Fabric.TestKit;
using Fabric.TestKit.Link;
using Fabric.TestKit.Wire;

namespace Fabric.Link.Tests;

public sealed class OffloadCompleterTests : IDisposable
{
    private readonly MemoryLink _link = new("edge", "wire", capacity: 1 << 20);
    private readonly OffloadCompleter _completer = new();

    public static TheoryData<bool, bool, int[], int, int> Shapes
    {
        get
        {
            TheoryData<bool, bool, int[], int, int> shapes = [];
            foreach (bool v6 in new[] { false, true })
            {
                foreach (bool udp in new[] { false, true })
                {
                    shapes.Add(v6, udp, [], 0, 0);
                    shapes.Add(v6, udp, [5], 8, udp ? 0 : 12);
                    shapes.Add(v6, udp, [7, 9], 40, udp ? 0 : 40);
                }
            }

            return shapes;
        }
    }

    public void Dispose() => _link.Dispose();

    [Fact]
    public void AChecksumIsCompletedAsSummedByHand()
    {
        // 10.0.0.1:1 to 10.0.0.2:2, 'A', as in the checksum tests: aad6. The field holds the pseudo-header sum 141d.
        byte[] frame =
        [
            2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0,
            0x45, 0, 0, 29, 0, 0, 0, 0, 64, 17, 0x66, 0xce, 10, 0, 0, 1, 10, 0, 0, 2,
            0, 1, 0, 2, 0, 9, 0x14, 0x1d, (byte)'A',
        ];
        RecordedFrame finished = Assert.Single(Finish(frame, new FrameOffload { Flags = OffloadFlags.NeedsChecksum, ChecksumStart = 34, ChecksumOffset = 6 }));
        frame[40] = 0xaa;
        frame[41] = 0xd6;
        Assert.Equal(frame, finished.Bytes);
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void ChecksumsOfAllShapesAreCompleted(bool v6, bool udp, int[] vlans, int networkOptions, int tcpOptions)
    {
        Random random = new(TestSeed.Seed);
        for (int length = 0; length < 100; length++)
        {
            PacketRecipe recipe = Recipe(v6, udp, vlans, networkOptions, tcpOptions, random, length);
            byte[] frame = recipe.Build();
            RecordedFrame finished = Assert.Single(Finish(frame, Partial(recipe), random.Next(1, frame.Length)));
            AssertFinished(recipe, finished);
            int field = recipe.TransportStart + (udp ? 6 : 16);
            finished.Bytes.AsSpan(field, 2).Clear();
            frame.AsSpan(field, 2).Clear();
            Assert.Equal(frame, finished.Bytes);
        }
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void SuperFramesAreCutIntoCorrectSegments(bool v6, bool udp, int[] vlans, int networkOptions, int tcpOptions)
    {
        Random random = new(TestSeed.Seed);
        foreach ((int payload, int size) in new[] { (1, 48), (48, 48), (49, 48), (4000, 1448), (4345, 1449), (30_001, 301), (60_000, 536) })
        {
            PacketRecipe recipe = Recipe(v6, udp, vlans, networkOptions, tcpOptions, random, payload);
            List<RecordedFrame> segments = Finish(recipe.Build(), Gso(recipe, size), random.Next(1, 60), 61);
            AssertSegments(recipe, size, segments);
        }
    }

    [Fact]
    public void AUdpChecksumOfZeroIsSentAsAllOnes()
    {
        // The payload's two bytes are chosen so that the sum of the rest comes to its complement.
        PacketRecipe recipe = new() { Udp = true, Payload = [0, 0] };
        byte[] plain = Assert.Single(Finish(recipe.Build(), Partial(recipe))).Bytes;
        recipe = recipe with { Payload = plain[40..42] };
        Assert.Equal([0xFF, 0xFF], Assert.Single(Finish(recipe.Build(), Partial(recipe))).Bytes[40..42]);
        Assert.Equal([0xFF, 0xFF], Assert.Single(Finish(recipe.Build(), Gso(recipe, 100))).Bytes[40..42]);
    }

    [Fact]
    public void WhatThePortAcceptsPassesUntouchedAndInOrder()
    {
        using MemoryLink link = new("edge", "wire", firstAccepts: FrameOffloads.Checksum);
        PacketRecipe recipe = new() { Payload = new byte[100] };
        FrameOffload partial = Partial(recipe);
        FrameOffload gso = Gso(recipe, 60);
        byte[] bytes = recipe.Build();
        OffloadCompleter completer = _completer;
        Through through = new(link.First, completer);
        through.Send(bytes, partial);
        through.Send(bytes, gso);
        through.Send(bytes, partial);
        List<RecordedFrame> received = link.Second.ReceiveAll();
        Assert.Equal([partial, default, default, partial], received.Select(frame => frame.Offload));
        Assert.Equal(bytes, received[0].Bytes);
    }

    public static TheoryData<string> Lies =>
    [
        "v6 kind on v4", "udp kind on tcp", "wrong start", "wrong offset", "no checksum flag", "size 0", "tiny segments", "unknown kind", "udp with ecn",
        "fragment", "padding", "no payload", "header cut", "start before IP", "start in IP header", "store outside", "too many datagrams",
    ];

    [Theory]
    [MemberData(nameof(Lies))]
    public void AnOffloadThatContradictsItsFrameIsDropped(string lie)
    {
        PacketRecipe recipe = new() { Payload = new byte[1000] };
        FrameOffload offload = Gso(recipe, 500);
        byte[] frame = recipe.Build();
        switch (lie)
        {
            case "v6 kind on v4": offload.Gso = GsoType.TcpV6; break;
            case "udp kind on tcp": offload.Gso = GsoType.UdpL4; break;
            case "wrong start": offload.ChecksumStart++; break;
            case "wrong offset": offload.ChecksumOffset--; break;
            case "no checksum flag": offload.Flags = OffloadFlags.None; break;
            case "size 0": offload.GsoSize = 0; break;
            case "tiny segments": offload.GsoSize = 47; break;
            case "unknown kind": offload.Gso = (GsoType)3; break;
            case "udp with ecn": offload.Gso = GsoType.UdpL4 | GsoType.Ecn; break;
            case "fragment": frame[20] |= 0x20; break;
            case "padding": frame = [.. frame, 0]; break;
            case "no payload": frame = (recipe with { Payload = [] }).Build(); break;
            case "header cut": frame = frame[..50]; break;
            case "start before IP": offload = new() { Flags = OffloadFlags.NeedsChecksum, ChecksumStart = 0, ChecksumOffset = 16 }; break;
            case "start in IP header": offload = new() { Flags = OffloadFlags.NeedsChecksum, ChecksumStart = 26, ChecksumOffset = 0 }; break;
            case "store outside": offload = new() { Flags = OffloadFlags.NeedsChecksum, ChecksumStart = 34, ChecksumOffset = ushort.MaxValue }; break;
            case "too many datagrams":
                recipe = recipe with { Udp = true, Payload = new byte[129] };
                frame = recipe.Build();
                offload = Gso(recipe, 1);
                break;
            default: throw new ArgumentException(lie, nameof(lie));
        }

        Through through = new(_link.First, _completer);
        through.Send(frame, offload);
        Assert.Equal(1, through.Bad);
        Assert.Empty(_link.Second.ReceiveAll());
    }

    [Fact]
    public void HostileOffloadsYieldDropsOrCorrectFrames()
    {
        Random random = new(TestSeed.Seed);
        int finished = 0;
        for (int round = 0; round < TestSeed.Count(20_000); round++)
        {
            PacketRecipe recipe = Recipe(random.Next(2) == 0, random.Next(2) == 0, new int[random.Next(3)], 8 * random.Next(3), 0, random, random.Next(2000));
            byte[] frame = recipe.Build();
            FrameOffload offload = random.Next(2) == 0 ? Gso(recipe, random.Next(1, 3000)) : Partial(recipe);
            bool honest = random.Next(4) == 0;
            if (!honest)
                Corrupt(random, ref frame, ref offload);
            Through through = new(_link.First, _completer);
            through.Send(frame, offload);
            List<RecordedFrame> received = _link.Second.ReceiveAll();
            Assert.Equal(through.Bad == 0, received.Count != 0);
            Assert.True(received.Count <= 1366, "a frame may not multiply without bound");
            Assert.All(received, segment => Assert.True(segment.Offload.IsNone && segment.Bytes.Length <= frame.Length));
            if (!honest || received.Count == 0)
                continue;
            finished++;
            if (offload.Gso != GsoType.None)
                AssertSegments(recipe, offload.GsoSize, received);
            else
                AssertFinished(recipe, received[0]);
        }

        Assert.True(finished > 0);
    }

    private static void Corrupt(Random random, ref byte[] frame, ref FrameOffload offload)
    {
        for (int i = random.Next(3); i > 0; i--)
            frame[random.Next(Math.Min(frame.Length, 80))] = (byte)random.Next(256);
        if (random.Next(4) == 0)
            frame = frame[..random.Next(1, frame.Length + 1)];
        if (random.Next(2) == 0)
            offload.ChecksumStart = (ushort)random.Next(random.Next(2) == 0 ? 100 : 65536);
        if (random.Next(2) == 0)
            offload.ChecksumOffset = (ushort)random.Next(random.Next(2) == 0 ? 20 : 65536);
        if (random.Next(3) == 0)
            offload.Gso = (GsoType)random.Next(256);
        if (random.Next(3) == 0)
            offload.Flags = (OffloadFlags)random.Next(256);
        if (random.Next(3) == 0)
            offload.GsoSize = (ushort)random.Next(65536);
    }

    private static PacketRecipe Recipe(bool v6, bool udp, int[] vlans, int networkOptions, int tcpOptions, Random random, int payloadLength)
    {
        byte[] payload = new byte[payloadLength];
        random.NextBytes(payload);
        return new PacketRecipe { V6 = v6, Udp = udp, Vlans = vlans, NetworkOptions = networkOptions, TcpOptions = tcpOptions, Payload = payload, TcpFlags = 0x99 };
    }

    private static FrameOffload Partial(PacketRecipe recipe) => new()
    {
        Flags = OffloadFlags.NeedsChecksum,
        ChecksumStart = (ushort)recipe.TransportStart,
        ChecksumOffset = (ushort)(recipe.Udp ? 6 : 16),
    };

    private static FrameOffload Gso(PacketRecipe recipe, int size)
    {
        FrameOffload offload = Partial(recipe);
        offload.Gso = recipe.Udp ? GsoType.UdpL4 : recipe.V6 ? GsoType.TcpV6 : GsoType.TcpV4;
        offload.GsoSize = (ushort)size;
        return offload;
    }

    private static void AssertSegments(PacketRecipe recipe, int size, List<RecordedFrame> segments)
    {
        Assert.Equal((recipe.Payload.Length + size - 1) / size, segments.Count);
        Assert.Equal(recipe.Payload, segments.SelectMany(segment => segment.Bytes[recipe.HeaderLength..]));
        byte[] whole = recipe.Build();
        for (int i = 0; i < segments.Count; i++)
        {
            AssertFinished(recipe, segments[i]);
            byte[] bytes = segments[i].Bytes;
            bool last = i == segments.Count - 1;
            Assert.True(last || bytes.Length == recipe.HeaderLength + size);
            ReadOnlySpan<byte> transport = bytes.AsSpan(recipe.TransportStart);
            if (!recipe.V6)
                Assert.Equal((ushort)(recipe.Identification + i), BinaryPrimitives.ReadUInt16BigEndian(bytes.AsSpan(recipe.EthernetLength + 4)));
            if (!recipe.Udp)
            {
                // ACK on all, CWR on the first only, PSH and FIN on the last only; sequence numbers wrap at 2^32.
                Assert.Equal(0x10 | (i == 0 ? 0x80 : 0) | (last ? 0x09 : 0), transport[13]);
                Assert.Equal(unchecked(recipe.Sequence + (uint)(i * size)), BinaryPrimitives.ReadUInt32BigEndian(transport[4..]));
                Assert.Equal(whole[(recipe.TransportStart + 20)..recipe.HeaderLength], bytes[(recipe.TransportStart + 20)..recipe.HeaderLength]);
            }

            Assert.Equal(whole[..recipe.EthernetLength], bytes[..recipe.EthernetLength]);
        }
    }

    /// <summary>Lengths and checksums of one finished frame, by the slow way.</summary>
    private static void AssertFinished(PacketRecipe recipe, RecordedFrame frame)
    {
        Assert.True(frame.Offload.IsNone);
        byte[] network = frame.Bytes[recipe.EthernetLength..recipe.TransportStart];
        byte[] transport = frame.Bytes[recipe.TransportStart..];
        int declared = BinaryPrimitives.ReadUInt16BigEndian(network.AsSpan(recipe.V6 ? 4 : 2)) + (recipe.V6 ? 40 : 0);
        Assert.Equal(network.Length + transport.Length, declared);
        if (!recipe.V6)
            Assert.Equal(0xFFFF, SlowChecksum.Sum(network));
        if (recipe.Udp)
            Assert.Equal(transport.Length, BinaryPrimitives.ReadUInt16BigEndian(transport.AsSpan(4)));
        byte[] addresses = recipe.V6 ? network[8..40] : network[12..20];
        byte[] rest = [(byte)(transport.Length >> 8), (byte)transport.Length, 0, (byte)(recipe.Udp ? 17 : 6)];
        Assert.Equal(0xFFFF, SlowChecksum.Sum(addresses, rest, transport));
        Assert.False(recipe.Udp && transport[6] == 0 && transport[7] == 0, "a zero UDP checksum would mean none");
    }

    private List<RecordedFrame> Finish(byte[] frame, FrameOffload offload, params int[] splitAt)
    {
        Through through = new(_link.First, _completer);
        through.Send(frame, offload, [.. splitAt.Where(at => at < frame.Length)]);
        Assert.Equal(0, through.Bad);
        return _link.Second.ReceiveAll();
    }

    /// <summary>Sends through the completer to a port.</summary>
    private sealed class Through(IPort port, OffloadCompleter completer) : IPort
    {
        internal int Bad { get; private set; }

        public string Name => port.Name;

        public FrameOffloads Accepts => port.Accepts;

        public PortCounters Counters => port.Counters;

        public bool IsUp => true;

        public void AttachLinkWatcher(ILinkWatcher? watcher)
        {
        }

        public int Receive(IFrameSink sink) => 0;

        public int Transmit(ReadOnlySpan<Frame> frames)
        {
            Bad += BitOperations.PopCount(completer.Transmit(port, frames));
            return frames.Length;
        }

        public void AttachWaker(IWaker waker)
        {
        }

        public bool TryArm() => true;

        public void Dispose()
        {
        }
    }
}
