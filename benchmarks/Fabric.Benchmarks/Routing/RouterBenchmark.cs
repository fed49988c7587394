using System.Buffers.Binary;
using System.Runtime.InteropServices;
using BenchmarkDotNet.Attributes;
using Fabric.Link;
using Fabric.Routing;
using Fabric.TestKit.Link;
using Fabric.Wire;

namespace Fabric.Benchmarks.Routing;

/// <summary>64-byte packets through a router between two in-memory ports, 100,000 routes, destinations at random among them, all on one
/// thread. The time is that of one packet; 125 ns are 8 million packets a second.</summary>
[MemoryDiagnoser]
public unsafe class RouterBenchmark : IDisposable
{
    private const int Routes = 100_000;
    private const int FrameLength = 64;
    private const int Frames = 8192;
    private readonly MemoryLink _left = new("left", "left-router");
    private readonly MemoryLink _right = new("right", "right-router");
    private readonly Router _router = new(new RouterOptions { Name = "r" }, TimeProvider.System);
    private readonly Discard _discard = new();
    private readonly Frame[] _frames = new Frame[Frames];
    private byte* _bytes;

    /// <summary>IPv6 instead of IPv4.</summary>
    [Params(false, true)]
    public bool IsV6 { get; set; }

    /// <summary>Gateways behind the second port; each route has one of them.</summary>
    [Params(1, 16)]
    public int Gateways { get; set; } = 1;

    /// <summary>Fills the table and makes the packets.</summary>
    [GlobalSetup]
    public void Fill()
    {
        _router.Attach(_left.Second, new() { Name = "left", Mac = MacAddress.Read(TestFrames.Station(1)), Addresses = [Prefix("192.0.2.1/24"), Prefix("2001:db8:1::1/64")] });
        _router.Attach(_right.Second, new() { Name = "right", Mac = MacAddress.Read(TestFrames.Station(2)), Addresses = [Prefix("198.51.100.1/24"), Prefix("2001:db8:2::1/64")] });
        IpAddress[] gateways = [.. Enumerable.Range(9, Gateways).Select(number => Prefix(IsV6 ? $"2001:db8:2::{number:x}/64" : $"198.51.100.{number}/24").Address)];
        foreach (IpAddress gateway in gateways)
            _router.AddNeighbor(1, gateway, MacAddress.Read(TestFrames.Station(9 + Array.IndexOf(gateways, gateway))));
        Random random = new(1);
        IpAddress[] destinations = new IpAddress[Routes];
        for (int i = 0; i < Routes; i++)
        {
            IpPrefix prefix = IsV6
                ? new IpPrefix(IpAddress.FromV6(new UInt128(0x2A00_0000_0000_0000 | ((ulong)random.NextInt64(1L << 32) << 16), 0)), 48)
                : new IpPrefix(IpAddress.FromV4((uint)random.Next(11 << 16, 126 << 16) << 8), 24);
            destinations[i] = IsV6 ? IpAddress.FromV6(prefix.Address.Bits | 7) : IpAddress.FromV4(prefix.Address.V4 | 7);
            _router.AddRoute(new Route(prefix, RouteSource.Static, 1, 0, 0, RouteKind.Unicast, [new NextHop(1, gateways[i % Gateways])]));
        }

        _bytes = (byte*)NativeMemory.AlignedAlloc(Frames * FrameLength, 64);
        for (int i = 0; i < Frames; i++)
        {
            // SAFETY: inside the memory just allocated.
            Write(new Span<byte>(_bytes + (i * FrameLength), FrameLength), destinations[random.Next(Routes)], (ushort)i);
            _frames[i] = new Frame(_bytes + (i * FrameLength), FrameLength);
        }
    }

    /// <summary>Sender's copy into its cable, router, copy into the receiver's cable, receiver.</summary>
    [Benchmark(OperationsPerInvoke = Frames)]
    public void HostToHost()
    {
        for (int i = 0; i < Frames; i += IPort.MaxBurst)
        {
            _left.First.Transmit(_frames.AsSpan(i, IPort.MaxBurst));
            _left.Second.Receive(_router);
            _right.First.Receive(_discard);
        }
    }

    /// <summary>The router and the one copy: frames that lie ready.</summary>
    [Benchmark(OperationsPerInvoke = Frames)]
    public void RouterAlone()
    {
        for (int i = 0; i < Frames; i += IPort.MaxBurst)
        {
            _router.Accept(_left.Second, _frames.AsSpan(i, IPort.MaxBurst));
            _right.First.Receive(_discard);
        }
    }

    /// <summary>Lets go of the cables.</summary>
    [GlobalCleanup]
    public void Dispose()
    {
        if (_router.Counters.Forwarded == 0 && _bytes != null)
            throw new InvalidOperationException("nothing was forwarded");
        _router.Dispose();
        _left.Dispose();
        _right.Dispose();
        NativeMemory.AlignedFree(_bytes);
        _bytes = null;
        GC.SuppressFinalize(this);
    }

    private static IpPrefix Prefix(string text) => IpPrefix.TryParse(text, out IpPrefix prefix) ? prefix : throw new ArgumentException(text);

    private void Write(Span<byte> frame, IpAddress destination, ushort port)
    {
        frame.Clear();
        MacAddress router = MacAddress.Read(TestFrames.Station(1));
        MacAddress host = MacAddress.Read(TestFrames.Station(8));
        int at = HeaderWriter.Ethernet(frame, router, host, IsV6 ? EtherType.Ipv6 : EtherType.Ipv4);
        Span<byte> packet = frame[at..];
        if (IsV6)
            HeaderWriter.V6(packet, Prefix("2001:db8:1::8/64").Address, destination, IpProtocol.Udp, packet.Length - Ipv6View.MinHeaderLength);
        else
            HeaderWriter.V4(packet, Prefix("192.0.2.8/24").Address, destination, IpProtocol.Udp, packet.Length - Ipv4View.MinHeaderLength);
        Span<byte> udp = packet[(IsV6 ? Ipv6View.MinHeaderLength : Ipv4View.MinHeaderLength)..];
        HeaderWriter.Udp(udp, port, 9);
        BinaryPrimitives.WriteUInt16BigEndian(udp[UdpView.LengthOffset..], (ushort)udp.Length);
    }

    private sealed class Discard : IFrameSink
    {
        public void Accept(IPort port, ReadOnlySpan<Frame> frames)
        {
        }
    }
}
