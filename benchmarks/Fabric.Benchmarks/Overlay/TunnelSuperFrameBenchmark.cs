using System.Buffers.Binary;
using BenchmarkDotNet.Attributes;
using Fabric.Link;
using Fabric.TestKit.Link;
using Fabric.Wire;

namespace Fabric.Benchmarks.Overlay;

/// <summary>TCP super-frames of 64 KiB into one tunnel end point and out of another, all on one thread: cut into 46 packets with
/// checksums of their own, copied once, checked and joined again. The time is that of one super-frame.</summary>
[MemoryDiagnoser]
public class TunnelSuperFrameBenchmark : IDisposable
{
    private const int Frames = 4;
    private const int Segment = 1398;
    private const int Headers = EthernetView.MinHeaderLength + Ipv4View.MinHeaderLength + TcpView.MinHeaderLength + 12;
    private const int FrameLength = Headers + (46 * Segment);
    private TunnelPair _pair = null!;

    [GlobalSetup]
    public void Fill()
    {
        FrameOffload offload = new()
        {
            Flags = OffloadFlags.NeedsChecksum, Gso = GsoType.TcpV4, GsoSize = Segment, HeaderLength = Headers,
            ChecksumStart = EthernetView.MinHeaderLength + Ipv4View.MinHeaderLength, ChecksumOffset = TcpView.ChecksumOffset,
        };
        _pair = new TunnelPair(Frames, FrameLength);
        Random random = new(1);
        for (int i = 0; i < Frames; i++)
        {
            Span<byte> frame = _pair.Fill(i, in offload);
            random.NextBytes(frame);
            TestFrames.Ethernet(TestFrames.Station(1), TestFrames.Station(2), EthernetView.MinHeaderLength).CopyTo(frame);
            BinaryPrimitives.WriteUInt16BigEndian(frame[(2 * MacAddress.Length)..], (ushort)EtherType.Ipv4);
            WritePacket(frame[EthernetView.MinHeaderLength..]);
        }
    }

    [Benchmark(OperationsPerInvoke = Frames)]
    public void ThereAndOut() => _pair.Run(1);

    [GlobalCleanup]
    public void Dispose()
    {
        _pair?.Dispose();
        GC.SuppressFinalize(this);
    }

    private static void WritePacket(Span<byte> packet)
    {
        ReadOnlySpan<byte> network = [0x45, 0, 0, 0, 0, 0, 0x40, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2];
        network.CopyTo(packet);
        BinaryPrimitives.WriteUInt16BigEndian(packet[2..], (ushort)packet.Length);
        packet[Ipv4View.MinHeaderLength + 12] = 0x80;
        packet[Ipv4View.MinHeaderLength + TcpView.FlagsOffset] = (byte)TcpFlags.Acknowledge;
    }
}
