using System.Buffers.Binary;
using System.Runtime.InteropServices;
using BenchmarkDotNet.Attributes;
using Fabric.Link;
using Fabric.Overlay;
using Fabric.TestKit.Link;
using Fabric.Wire;

namespace Fabric.Benchmarks.Overlay;

/// <summary>TCP super-frames of 64 KiB into one tunnel end point and out of another, all on one thread: cut into 46 packets with
/// checksums of their own, copied once, checked and joined again. The time is that of one super-frame.</summary>
[MemoryDiagnoser]
public unsafe class TunnelSuperFrameBenchmark : IDisposable
{
    private const int Frames = 4;
    private const int Segment = 1398;
    private const int Headers = EthernetView.MinHeaderLength + Ipv4View.MinHeaderLength + TcpView.MinHeaderLength + 12;
    private const int FrameLength = Headers + (46 * Segment);
    private readonly Frame[] _frames = new Frame[Frames];
    private Vtep _left = null!;
    private Vtep _right = null!;
    private VxlanPort _port = null!;
    private byte* _bytes;

    [GlobalSetup]
    public void Fill()
    {
        LoopUnderlay left = new(IpAddress.FromV4(1));
        LoopUnderlay right = new(IpAddress.FromV4(2)) { Other = left };
        left.Other = right;
        _left = new Vtep("left", left, TimeProvider.System, new VtepOptions { HashSeed = 12345 });
        _right = new Vtep("right", right, TimeProvider.System, new VtepOptions { HashSeed = 54321 });
        _port = _left.AddSegment(1, "left.blue");
        VxlanPort port = _right.AddSegment(1, "right.blue");
        Discard discard = new();
        _port.DeliverTo(discard);
        port.DeliverTo(discard);
        _left.AddRemote(_port, right.Local);
        _right.AddRemote(port, left.Local);
        _bytes = (byte*)NativeMemory.AlignedAlloc(Frames * FrameLength, 64);
        Random random = new(1);
        for (int i = 0; i < Frames; i++)
        {
            Span<byte> frame = new(_bytes + (i * FrameLength), FrameLength);
            random.NextBytes(frame);
            TestFrames.Station(1).CopyTo(frame);
            TestFrames.Station(2).CopyTo(frame[6..]);
            frame[12] = 8;
            frame[13] = 0;
            Span<byte> packet = frame[EthernetView.MinHeaderLength..];
            ReadOnlySpan<byte> network = [0x45, 0, 0, 0, 0, 0, 0x40, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2];
            network.CopyTo(packet);
            BinaryPrimitives.WriteUInt16BigEndian(packet[2..], (ushort)packet.Length);
            packet[Ipv4View.MinHeaderLength + 12] = 0x80;
            packet[Ipv4View.MinHeaderLength + TcpView.FlagsOffset] = (byte)TcpFlags.Acknowledge;
            FrameOffload offload = new()
            {
                Flags = OffloadFlags.NeedsChecksum, Gso = GsoType.TcpV4, GsoSize = Segment, HeaderLength = Headers,
                ChecksumStart = EthernetView.MinHeaderLength + Ipv4View.MinHeaderLength, ChecksumOffset = TcpView.ChecksumOffset,
            };
            _frames[i] = new Frame(_bytes + (i * FrameLength), FrameLength, in offload);
        }
    }

    [Benchmark(OperationsPerInvoke = Frames)]
    public void ThereAndOut()
    {
        for (int i = 0; i < Frames; i++)
        {
            _port.Transmit(_frames.AsSpan(i, 1));
            _right.Receiver.Receive(_right.Receiver);
        }
    }

    [GlobalCleanup]
    public void Dispose()
    {
        _left?.Dispose();
        _right?.Dispose();
        NativeMemory.AlignedFree(_bytes);
        _bytes = null;
        GC.SuppressFinalize(this);
    }

    private sealed class Discard : IFrameSink
    {
        public void Accept(IPort port, ReadOnlySpan<Frame> frames)
        {
        }
    }
}
