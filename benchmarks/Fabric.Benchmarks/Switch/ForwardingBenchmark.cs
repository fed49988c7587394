using System.Runtime.InteropServices;
using BenchmarkDotNet.Attributes;
using Fabric.Link;
using Fabric.Switch;
using Fabric.Switch.Vlans;
using Fabric.TestKit.Link;

namespace Fabric.Benchmarks.Switch;

/// <summary>64-byte frames through a switch between two in-memory ports, 10,000 stations learned, all on one thread. The time is that
/// of one frame; 66.7 ns are 15 million frames a second.</summary>
[MemoryDiagnoser]
public unsafe class ForwardingBenchmark : IDisposable
{
    private const int Stations = 10_000;
    private const int FrameLength = 64;
    private const int Frames = 8192;
    private readonly MemoryLink _left = new("left", "left-host");
    private readonly MemoryLink _right = new("right", "right-host");
    private readonly EthernetSwitch _switch = new("lan", TimeProvider.System, new SwitchOptions { HashSeed = 12345 });
    private readonly Discard _discard = new();
    private readonly Frame[] _frames = new Frame[Frames];
    private byte* _bytes;

    /// <summary>False: plain ports. True: an access port and a trunk, where each frame gets a tag.</summary>
    [Params(false, true)]
    public bool HasVlans { get; set; }

    [GlobalSetup]
    public void Learn()
    {
        _switch.Attach(_left.First, HasVlans ? new PortOptions { Vlan = PortVlan.Access(10) } : null);
        _switch.Attach(_right.First, HasVlans ? new PortOptions { Vlan = PortVlan.Trunk(VlanSet.All) } : null);
        for (int i = 0; i < Stations; i++)
        {
            MemoryLink link = i < Stations / 2 ? _left : _right;
            byte[] hello = TestFrames.Ethernet(TestFrames.Broadcast, TestFrames.Station(i));
            link.Second.Send(HasVlans && link == _right ? [.. hello[..12], 0x81, 0x00, 0, 10, .. hello[12..]] : hello);
            link.First.Receive(_switch);
            _left.Second.Receive(_discard);
            _right.Second.Receive(_discard);
        }

        Random random = new(1);
        _bytes = (byte*)NativeMemory.AlignedAlloc(Frames * FrameLength, 64);
        for (int i = 0; i < Frames; i++)
        {
            byte[] frame = TestFrames.Ethernet(
                TestFrames.Station(random.Next(Stations / 2, Stations)), TestFrames.Station(random.Next(Stations / 2)), FrameLength);
            frame.CopyTo(new Span<byte>(_bytes + (i * FrameLength), FrameLength));
            _frames[i] = new Frame(_bytes + (i * FrameLength), FrameLength);
        }
    }

    /// <summary>Sender's copy into its cable, switch, copy into the receiver's cable, receiver.</summary>
    [Benchmark(OperationsPerInvoke = Frames)]
    public void HostToHost()
    {
        for (int i = 0; i < Frames; i += IPort.MaxBurst)
        {
            _left.Second.Transmit(_frames.AsSpan(i, IPort.MaxBurst));
            _left.First.Receive(_switch);
            _right.Second.Receive(_discard);
        }
    }

    /// <summary>The switch and the one copy: frames that lie ready, as a guest's would.</summary>
    [Benchmark(OperationsPerInvoke = Frames)]
    public void SwitchAlone()
    {
        for (int i = 0; i < Frames; i += IPort.MaxBurst)
        {
            _switch.Accept(_left.First, _frames.AsSpan(i, IPort.MaxBurst));
            _right.Second.Receive(_discard);
        }
    }

    [GlobalCleanup]
    public void Dispose()
    {
        _left.Dispose();
        _right.Dispose();
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
