using System.Runtime.InteropServices;
using BenchmarkDotNet.Attributes;
using Fabric.Link;
using Fabric.TestKit.Wire;
using Fabric.Wire;

namespace Fabric.Benchmarks.Link;

/// <summary>Finishing in software what a port cannot carry: a 60,000-byte TCP super-frame, cut at 1,448 bytes into an in-memory cable
/// and read there. The time is that of one super-frame; 48 µs are 10 Gbit/s.</summary>
[MemoryDiagnoser]
public unsafe class OffloadBenchmark : IDisposable
{
    private readonly MemoryLink _link = new("edge", "wire", FrameOffloads.None, FrameOffloads.None);
    private readonly OffloadCompleter _completer = new();
    private readonly Discard _discard = new();
    private readonly Frame[] _frames = new Frame[1];
    private byte[] _bytes = [];

    [GlobalSetup]
    public void Build()
    {
        PacketRecipe recipe = new() { Payload = new byte[60_000] };
        byte[] packet = recipe.Build();
        _bytes = GC.AllocateArray<byte>(packet.Length, pinned: true);
        packet.CopyTo(_bytes, 0);
        FrameOffload offload = new()
        {
            Flags = OffloadFlags.NeedsChecksum,
            Gso = GsoType.TcpV4,
            GsoSize = 1448,
            ChecksumStart = (ushort)recipe.TransportStart,
            ChecksumOffset = TcpView.ChecksumOffset,
        };
        _frames[0] = new Frame((byte*)Marshal.UnsafeAddrOfPinnedArrayElement(_bytes, 0), _bytes.Length, offload);
    }

    [Benchmark]
    public uint Segment()
    {
        uint bad = _completer.Transmit(_link.First, _frames);
        while (_link.Second.Receive(_discard) != 0)
        {
        }

        return bad;
    }

    [Benchmark]
    public ushort ChecksumAlone() => InternetChecksum.Finish(InternetChecksum.Add(0, _bytes));

    [GlobalCleanup]
    public void Dispose()
    {
        _link.Dispose();
        GC.SuppressFinalize(this);
    }

    private sealed class Discard : IFrameSink
    {
        public void Accept(IPort port, ReadOnlySpan<Frame> frames)
        {
        }
    }
}
