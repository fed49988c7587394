using Fabric.Routing;
using Fabric.Routing.Protocols;
using Fabric.Routing.Rib;
using Fabric.Routing.Rip;
using Fabric.Wire;

namespace Fabric.Interop.Tests.Rip;

/// <summary>A router that only writes down what RIP sends, as Ethernet frames.</summary>
internal sealed class RecordingHost : IProtocolHost
{
    private static readonly MacAddress Own = MacAddress.FromBits(0x0100_0000_0002);

    public long Now { get; set; }

    public Random Random { get; } = new(1);

    public RouteTable Routes { get; } = new();

    public IReadOnlyList<RouterInterface> Interfaces { get; } =
        [new RouterInterface(0, "r1.lan", true, false, 1500, Own, [Prefix("10.0.0.1/24"), Prefix("fe80::1/64"), Prefix("2001:db8::1/64")])];

    internal List<byte[]> Frames { get; } = [];

    public void Join(int @interface, IpAddress group)
    {
    }

    public bool Send(in Datagram datagram)
    {
        int header = datagram.Source.IsV4 ? 20 : 40;
        int length = UdpView.HeaderLength + datagram.Payload.Length;
        byte[] frame = new byte[14 + header + length];
        HeaderWriter.Ethernet(frame, datagram.Destination.GroupMac, Own, datagram.Source.IsV4 ? EtherType.Ipv4 : EtherType.Ipv6);
        Span<byte> packet = frame.AsSpan(14);
        if (datagram.Source.IsV4)
            HeaderWriter.V4(packet, datagram.Source, datagram.Destination, IpProtocol.Udp, length, datagram.HopLimit);
        else
            HeaderWriter.V6(packet, datagram.Source, datagram.Destination, IpProtocol.Udp, length, datagram.HopLimit);
        HeaderWriter.Udp(packet[header..], datagram.SourcePort, datagram.DestinationPort);
        datagram.Payload.CopyTo(packet[(header + UdpView.HeaderLength)..]);
        HeaderWriter.StoreChecksum(packet[header..], datagram.Source, datagram.Destination, IpProtocol.Udp);
        Frames.Add(frame);
        return true;
    }

    public void Hurry()
    {
    }

    /// <summary>Lets a process of these options tell of 60 static routes: a request and an update.</summary>
    internal static List<byte[]> Record(RipOptions options)
    {
        RecordingHost host = new();
        for (uint i = 0; i < 60; i++)
        {
            bool near = i % 10 == 9;
            IpPrefix prefix = options.IsNg ? new(IpAddress.FromV6(new UInt128(0x2001_0DB8_0000_0000 + ((ulong)i << 16), 0)), 48) : new(IpAddress.FromV4(0xAC10_0000 + (i << 16)), 16);
            NextHop[] hops = near ? [new NextHop(0, options.IsNg ? Prefix("fe80::44/64").Address : Prefix("10.0.0.44/24").Address)] : [];
            host.Routes.Update(new Route(prefix, RouteSource.Static, 1, 0, i, near ? RouteKind.Unicast : RouteKind.BlackHole, hops));
        }

        RipProcess process = new(options, TimeProvider.System);
        process.Start(host);
        process.InterfaceChanged(host.Interfaces[0]);
        foreach (Route route in host.Routes.Best.ToArray())
            process.RouteChanged(route.Prefix, null, route);
        while (process.Due < 10_000_000_000)
        {
            host.Now = process.Due;
            process.Tick();
        }

        return host.Frames;
    }

    private static IpPrefix Prefix(string text) => IpPrefix.TryParse(text, out IpPrefix prefix) ? prefix : throw new ArgumentException(text);
}
