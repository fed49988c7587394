using System.Buffers.Binary;
using System.Runtime.InteropServices;
using BenchmarkDotNet.Attributes;
using Fabric.Link;
using Fabric.Routing;
using Fabric.Routing.Acl;
using Fabric.TestKit.Link;
using Fabric.Wire;

namespace Fabric.Benchmarks.Routing;

/// <summary>64-byte packets through a router between two in-memory ports, 100,000 routes, destinations at random among them or on the
/// leaving link itself, all on one thread. The time is that of one packet; 125 ns are 8 million packets a second.</summary>
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

    /// <summary>Where the packets go.</summary>
    [ParamsAllValues]
    public RouterTargets To { get; set; }

    /// <summary>Fills the table and makes the packets.</summary>
    [GlobalSetup]
    public void Fill()
    {
        AccessList? listed = To == RouterTargets.Listed ? new AccessList("all", [], AccessAction.Permit) : null;
        _router.Attach(_left.Second, new() { Name = "left", Mac = MacAddress.Read(TestFrames.Station(1)), Addresses = [Prefix("192.0.2.1/24"), Prefix("2001:db8:1::1/64")] });
        _router.Attach(_right.Second, new() { Name = "right", Mac = MacAddress.Read(TestFrames.Station(2)), Addresses = [Prefix("198.18.0.1/16"), Prefix("2001:db8:2::1/64")], AccessOut = listed });
        IpAddress[] gateways = [.. Enumerable.Range(0, Gateways(To)).Select(Station)];
        int hosts = Hosts(To);
        for (int i = 0; i < Math.Max(hosts, gateways.Length); i++)
            _router.AddNeighbor(1, Station(i), MacAddress.Read(TestFrames.Station(9 + i)));
        Random random = new(1);
        IpAddress[] destinations = new IpAddress[Routes];
        int shared = To is RouterTargets.Equal2 or RouterTargets.Equal4 ? gateways.Length : 1;
        for (int i = 0; i < Routes; i++)
        {
            IpPrefix prefix = IsV6
                ? new IpPrefix(IpAddress.FromV6(new UInt128(0x2A00_0000_0000_0000 | ((ulong)random.NextInt64(1L << 32) << 16), 0)), 48)
                : new IpPrefix(IpAddress.FromV4((uint)random.Next(11 << 16, 126 << 16) << 8), 24);
            IpAddress behind = IsV6 ? IpAddress.FromV6(prefix.Address.Bits | 7) : IpAddress.FromV4(prefix.Address.V4 | 7);
            destinations[i] = hosts == 0 ? behind : Station(i % hosts);
            NextHop[] hops = [.. Enumerable.Range(i, shared).Select(number => new NextHop(1, gateways[number % gateways.Length]))];
            _router.AddRoute(new Route(prefix, RouteSource.Static, 1, 0, 0, RouteKind.Unicast, hops));
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

    private static int Gateways(RouterTargets targets) => targets switch { RouterTargets.Gateways16 => 16, RouterTargets.Equal2 => 2, RouterTargets.Equal4 => 4, _ => 1 };

    private static int Hosts(RouterTargets targets) => targets switch { RouterTargets.Hosts16 => 16, RouterTargets.Hosts256 => 256, RouterTargets.Hosts2048 => 2048, _ => 0 };

    /// <summary>A station on the right.</summary>
    private IpAddress Station(int number) => Prefix(IsV6 ? $"2001:db8:2::{number + 9:x}/64" : $"198.18.{(number + 9) >> 8}.{(number + 9) & 0xFF}/16").Address;

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
