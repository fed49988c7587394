using Fabric.Hosts.Internet;
using Fabric.Wire;

namespace Fabric.Hosts.Udp;

/// <summary>UDP (RFC 768; RFC 8200, 8.1).</summary>
internal sealed class UdpPorts(HostStack stack)
{
    private Dictionary<ushort, IUdpListener>? _listeners;

    internal void Bind(ushort port, IUdpListener listener) => (_listeners ??= []).Add(port, listener);

    internal IUdpListener? Find(ushort port) => _listeners?.GetValueOrDefault(port);

    internal void Unbind(ushort port) => _listeners?.Remove(port);

    internal void Accept(in Packet packet)
    {
        if (!UdpView.TryParse(packet.Payload, out UdpView udp))
        {
            stack.Drop(HostDrop.Malformed);
            return;
        }

        // Only IPv4 lets a sender leave the checksum out.
        bool right = udp.HasChecksum ? HeaderWriter.IsChecksumValid(udp.Datagram, packet.Addresses, IpProtocol.Udp) : packet.Source.IsV4;
        if (!right)
        {
            stack.Drop(HostDrop.BadChecksum);
            return;
        }

        if (_listeners is null || !_listeners.TryGetValue(udp.DestinationPort, out IUdpListener? listener))
        {
            stack.Drop(HostDrop.ClosedPort);
            stack.Errors.PortUnreachable(in packet);
            return;
        }

        // A super-frame is several datagrams of one size, the last one perhaps shorter (virtio 1.2, 5.1.6).
        int size = packet.SegmentSize == 0 ? udp.Payload.Length : packet.SegmentSize;
        ReadOnlySpan<byte> rest = udp.Payload;
        do
        {
            ReadOnlySpan<byte> datagram = rest[..Math.Min(size, rest.Length)];
            rest = rest[datagram.Length..];
            listener.Accept(in packet, udp.SourcePort, datagram);
        }
        while (!rest.IsEmpty);
    }

    /// <summary>Sends a datagram whose payload the caller has written to <see cref="PacketOutput.Transport"/> behind the header.</summary>
    internal bool Send(IpAddress source, ushort sourcePort, IpAddress destination, ushort destinationPort, int payload, byte hopLimit = PacketOutput.DefaultHopLimit)
    {
        Span<byte> datagram = PacketOutput.Transport[..(UdpView.HeaderLength + payload)];
        HeaderWriter.Udp(datagram, sourcePort, destinationPort);
        return stack.Output.Send(source, destination, IpProtocol.Udp, datagram.Length, hopLimit);
    }
}
