using Fabric.Routing.Local;
using Fabric.Wire;

namespace Fabric.Routing.Icmp;

/// <summary>ICMP messages for the router itself: it answers echoes (RFC 1812, 4.3.3.6; RFC 4443, 4.2) and hands Neighbor Discovery on.</summary>
internal sealed class IcmpInput(RouterControl control)
{
    internal void AcceptV4(in LocalPacket packet)
    {
        if (!IcmpView.TryParse(packet.Payload, out IcmpView icmp))
            control.Drop(RouterDrop.Malformed);
        else if (!icmp.IsChecksumValid)
            control.Drop(RouterDrop.BadChecksum);
        else if (icmp.Type == IcmpType.Echo && packet.IsGroup)
            control.Drop(RouterDrop.Broadcast);
        else
            Accept(in packet, in icmp, (byte)icmp.Type, (byte)IcmpType.Echo, (byte)IcmpType.EchoReply);
    }

    internal void AcceptV6(in LocalPacket packet)
    {
        if (!IcmpView.TryParse(packet.Payload, out IcmpView icmp))
            control.Drop(RouterDrop.Malformed);
        else if (!icmp.IsChecksumValidV6(packet.Addresses))
            control.Drop(RouterDrop.BadChecksum);
        else if (icmp.TypeV6 is >= Icmpv6Type.RouterSolicitation and <= Icmpv6Type.Redirect)
            control.Discovery.Accept(in packet, in icmp);
        else if (icmp.TypeV6 == Icmpv6Type.MulticastListenerQuery && packet.HopLimit == 1 && packet.Source.IsLinkLocal)
            AcceptQuery(in packet, in icmp);
        else if (packet.Source.IsUnspecified)
            control.Drop(RouterDrop.Martian);
        else
            Accept(in packet, in icmp, (byte)icmp.TypeV6, (byte)Icmpv6Type.EchoRequest, (byte)Icmpv6Type.EchoReply);
    }

    private void AcceptQuery(in LocalPacket packet, in IcmpView icmp)
    {
        control.Tally.AddDelivered();
        control.Listening.AcceptQuery(packet.Link, icmp.Message);
    }

    private void AcceptReply(in LocalPacket packet, uint word)
    {
        control.Probe.Accept(packet.Source, word);

        // An answer may be the last that somebody wanted.
        for (int i = control.PathEchoes.Count - 1; i >= 0; i--)
            control.PathEchoes[i].Accept(in packet, word);
    }

    private void Accept(in LocalPacket packet, in IcmpView icmp, byte type, byte echo, byte reply)
    {
        control.Tally.AddDelivered();
        if (type == reply)
            AcceptReply(in packet, icmp.Word);
        control.PathMtus.Accept(in packet, in icmp);
        if (type != echo)
            return;
        Span<byte> message = PacketOutput.Room(icmp.Message.Length);
        icmp.Message.CopyTo(message);
        IcmpView.WriteHeader(message, reply, 0, icmp.Word);
        bool v4 = packet.Source.IsV4;
        IpProtocol protocol = v4 ? IpProtocol.Icmp : IpProtocol.IcmpV6;

        // From the address that was asked, or where all were, from the best one (RFC 4443, 4.2).
        bool linkScope = !v4 && packet.Source.IsLinkLocal;
        IpAddress source = packet.Destination;
        if (packet.IsGroup && !control.Output.TrySource(packet.Link, packet.Source, out source))
            return;
        HeaderWriter.StoreChecksum(message, source, packet.Source, protocol);
        control.Output.Send(source, packet.Source, protocol, message.Length, via: linkScope ? packet.Link : null, trafficClass: packet.TrafficClass);
    }
}
