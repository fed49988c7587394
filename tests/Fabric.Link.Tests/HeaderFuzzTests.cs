using Fabric.Link.Bonding;
using Fabric.Link.Capture;
using Fabric.TestKit;
using Fabric.TestKit.Wire;

namespace Fabric.Link.Tests;

/// <summary>What looks into frames on their way, with frames and offload headers that say anything: the flows of a bond, and the checksum
/// of a captured copy. The full run is FABRIC_TEST_COUNT=10000000.</summary>
public sealed class HeaderFuzzTests
{
    private readonly Random _random = new(TestSeed.Seed);

    [Fact]
    public unsafe void AnyFrameHasAFlowHoweverItIsCut()
    {
        byte[][] samples = Samples();
        for (int i = TestSeed.Count(20_000); i > 0; i--)
        {
            byte[] frame = Changed(samples);
            BondHash kind = (BondHash)_random.Next(3);
            fixed (byte* bytes = frame)
            {
                uint whole = FlowHash.Of(new Frame(bytes, frame.Length), kind, 7);
                int cut = _random.Next(frame.Length);
                FrameSegment rest = new((nint)(bytes + cut), frame.Length - cut);
                Assert.Equal(whole, FlowHash.Of(new Frame(bytes, cut, &rest, 1, frame.Length, default), kind, 7));
            }
        }
    }

    [Fact]
    public void ACapturedCopyIsFinishedOrLeftAsItWas()
    {
        byte[][] samples = Samples();
        int finished = 0;
        for (int i = TestSeed.Count(20_000); i > 0; i--)
        {
            byte[] frame = Changed(samples);
            FrameOffload offload = new()
            {
                Flags = _random.Next(8) == 0 ? (OffloadFlags)_random.Next(256) : OffloadFlags.NeedsChecksum,
                Gso = (GsoType)(_random.Next(4) == 0 ? _random.Next(256) : 0),
                HeaderLength = (ushort)_random.Next(200),
                GsoSize = (ushort)_random.Next(2000),
                ChecksumStart = (ushort)_random.Next(_random.Next(4) == 0 ? 65536 : frame.Length + 8),
                ChecksumOffset = (ushort)(_random.Next(4) == 0 ? _random.Next(65536) : _random.Next(24)),
            };
            byte[] copy = [.. frame];
            bool done = CapturedChecksum.TryComplete(copy, in offload);
            int field = offload.ChecksumStart + offload.ChecksumOffset;
            bool touches = done && offload.Flags.HasFlag(OffloadFlags.NeedsChecksum);
            finished += touches ? 1 : 0;
            for (int at = 0; at < frame.Length; at++)
                Assert.True(copy[at] == frame[at] || (touches && at - field is 0 or 1), $"octet {at} changed");
        }

        Assert.NotEqual(0, finished);
    }

    private byte[] Changed(byte[][] samples)
    {
        byte[] frame = [.. samples[_random.Next(samples.Length)]];
        for (int changes = _random.Next(5); changes > 0; changes--)
            frame[_random.Next(frame.Length)] = (byte)(_random.Next(2) == 0 ? _random.Next(256) : _random.Next(2) * 255);
        return _random.Next(3) == 0 ? frame[.._random.Next(1, frame.Length + 1)] : frame;
    }

    private static byte[][] Samples() =>
    [
        .. ((bool[])[false, true]).SelectMany(v6 => ((bool[])[false, true]).SelectMany(udp => ((int[][])[[], [5], [5, 6]]).Select(vlans =>
            new PacketRecipe { V6 = v6, Udp = udp, Vlans = vlans, NetworkOptions = udp ? 8 : 0, Payload = [1, 2, 3] }.Build()))),
        new byte[60],
    ];
}
