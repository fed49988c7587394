using Fabric.Routing.Icmp;
using Fabric.Routing.Protocols;
using Fabric.Wire;

namespace Fabric.Routing.Local;

/// <summary>The routing protocols of a router, and UDP for them (RFC 768; RFC 8200, 8.1).</summary>
internal sealed class ProtocolPorts(RouterControl control)
{
    private readonly Dictionary<ushort, IRoutingProtocol> _ports = [];
    private readonly List<IRoutingProtocol> _all = [];

    internal IReadOnlyList<IRoutingProtocol> All => _all;

    internal long Due
    {
        get
        {
            long due = Timed.Never;
            foreach (IRoutingProtocol protocol in _all)
                due = Math.Min(due, protocol.Due);
            return due;
        }
    }

    /// <summary>Starts a protocol, and tells it what there is.</summary>
    internal void Add(IRoutingProtocol protocol)
    {
        if (!_ports.TryAdd(protocol.Port, protocol))
        {
            throw new RoutingException(
                $"router {control.Options.Name} runs {_ports[protocol.Port].Name} on UDP port {protocol.Port} already: leave {protocol.Name} out, or that");
        }

        _all.Add(protocol);
        protocol.Start(control);
        foreach (RouterInterface link in control.Interfaces)
            protocol.InterfaceChanged(link);
        foreach (Route route in control.Routes.Best.ToArray())
            protocol.RouteChanged(route.Prefix, null, route);
        control.Routes.Subscribe(protocol);
    }

    internal void Tick()
    {
        foreach (IRoutingProtocol protocol in _all)
        {
            if (protocol.Due <= control.Now)
                protocol.Tick();
        }
    }

    internal void Changed(RouterInterface link)
    {
        foreach (IRoutingProtocol protocol in _all)
            protocol.InterfaceChanged(link);
    }

    internal void Removed(RouterInterface link)
    {
        foreach (IRoutingProtocol protocol in _all)
            protocol.InterfaceRemoved(link);
    }

    internal void Stop()
    {
        foreach (IRoutingProtocol protocol in _all)
            protocol.Stop();
    }

    internal void Accept(in LocalPacket packet)
    {
        if (!UdpView.TryParse(packet.Payload, out UdpView udp))
        {
            control.Drop(RouterDrop.Malformed);
            return;
        }

        // Only IPv4 lets a sender leave the checksum out.
        bool right = udp.HasChecksum ? HeaderWriter.IsChecksumValid(udp.Datagram, packet.Addresses, IpProtocol.Udp) : packet.Source.IsV4;
        if (!right)
        {
            control.Drop(RouterDrop.BadChecksum);
        }
        else if (control.HasSocketAt(packet.Destination, udp.DestinationPort))
        {
            // The data path has given sockets what is theirs; this is what came in fragments.
            control.Drop(RouterDrop.BadFragment);
        }
        else if (!_ports.TryGetValue(udp.DestinationPort, out IRoutingProtocol? protocol))
        {
            control.Drop(RouterDrop.ClosedPort);
            if (!packet.IsGroup)
                control.Errors.Report(IcmpError.PortUnreachable, packet.Link, packet.Original);
        }
        else
        {
            control.Tally.AddDelivered();
            Deliver(protocol, in packet, in udp);
        }
    }

    /// <summary>A super-frame is several datagrams of one size, the last one perhaps shorter (virtio 1.2, 5.1.6).</summary>
    private static void Deliver(IRoutingProtocol protocol, in LocalPacket packet, in UdpView udp)
    {
        int size = packet.SegmentSize == 0 ? udp.Payload.Length : packet.SegmentSize;
        ReadOnlySpan<byte> rest = udp.Payload;
        do
        {
            ReadOnlySpan<byte> payload = rest[..Math.Min(size, rest.Length)];
            rest = rest[payload.Length..];
            protocol.Accept(new Datagram(packet.Link.Index, packet.Source, udp.SourcePort, packet.Destination, udp.DestinationPort, packet.HopLimit, payload));
        }
        while (!rest.IsEmpty);
    }
}
