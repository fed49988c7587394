using System.Runtime.InteropServices;
using Fabric.Link;
using Fabric.Overlay;
using Fabric.Wire;

namespace Fabric.Benchmarks.Overlay;

/// <summary>Two tunnel end points that share a segment, and frames in memory that go into one and out of the other, all on one thread.</summary>
internal sealed unsafe class TunnelPair : IDisposable
{
    private const int Vni = 4242;
    private readonly Frame[] _frames;
    private readonly Vtep _left;
    private readonly Vtep _right;
    private readonly VxlanPort _port;
    private readonly VxlanPort _far;
    private readonly byte* _bytes;

    /// <param name="frames">Number of frames.</param>
    /// <param name="length">Bytes of each.</param>
    public TunnelPair(int frames, int length)
    {
        LoopUnderlay left = new(IpAddress.FromV4(1));
        LoopUnderlay right = new(IpAddress.FromV4(2)) { Other = left };
        left.Other = right;
        _left = new Vtep("left", left, TimeProvider.System, new VtepOptions { HashSeed = 12345 });
        _right = new Vtep("right", right, TimeProvider.System, new VtepOptions { HashSeed = 54321 });
        _port = Begin(_left, right.Local);
        _far = Begin(_right, left.Local);
        _frames = new Frame[frames];
        _bytes = (byte*)NativeMemory.AlignedAlloc((nuint)(frames * length), 64);
        Length = length;
    }

    /// <summary>Bytes of each frame.</summary>
    public int Length { get; }

    /// <summary>Lets the near end learn where a station behind the far end is.</summary>
    /// <param name="frame">A frame from it.</param>
    public void Learn(ReadOnlySpan<byte> frame)
    {
        fixed (byte* bytes = frame)
        {
            Frame one = new(bytes, frame.Length);
            _far.Transmit(new ReadOnlySpan<Frame>(in one));
        }

        _left.Receiver.Receive(_left.Receiver);
    }

    /// <summary>Room for a frame's bytes.</summary>
    /// <param name="index">Which.</param>
    /// <param name="offload">What is left to be done to it.</param>
    public Span<byte> Fill(int index, in FrameOffload offload = default)
    {
        _frames[index] = new Frame(_bytes + (index * Length), Length, in offload);
        return new Span<byte>(_bytes + (index * Length), Length);
    }

    /// <summary>Takes all frames through.</summary>
    /// <param name="burst">How many at once; divides their number.</param>
    public void Run(int burst)
    {
        for (int i = 0; i < _frames.Length; i += burst)
        {
            _port.Transmit(_frames.AsSpan(i, burst));
            _right.Receiver.Receive(_right.Receiver);
        }
    }

    public void Dispose()
    {
        _left.Dispose();
        _right.Dispose();
        NativeMemory.AlignedFree(_bytes);
    }

    private static VxlanPort Begin(Vtep vtep, IpAddress remote)
    {
        VxlanPort port = vtep.AddSegment(Vni, $"{vtep.Name}.blue");
        port.DeliverTo(new Discard());
        vtep.AddRemote(port, remote);
        return port;
    }

    private sealed class Discard : IFrameSink
    {
        public void Accept(IPort port, ReadOnlySpan<Frame> frames)
        {
        }
    }
}
