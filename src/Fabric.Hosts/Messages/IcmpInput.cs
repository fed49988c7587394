using Fabric.Hosts.Internet;
using Fabric.Wire;

namespace Fabric.Hosts.Messages;

/// <summary>ICMP (RFC 792) and ICMPv6 (RFC 4443): echoes are answered, answers and errors go to whoever waits for them.</summary>
internal sealed class IcmpInput(HostStack stack)
{
    internal void AcceptV4(in Packet packet)
    {
        if (!IcmpView.TryParse(packet.Payload, out IcmpView icmp))
        {
            stack.Drop(HostDrop.Malformed);
        }
        else if (!icmp.IsChecksumValid)
        {
            stack.Drop(HostDrop.BadChecksum);
        }
        else
        {
            switch (icmp.Type)
            {
                // RFC 1122, 3.2.2.6: an echo to a group may be ignored, and is: it serves only to multiply traffic.
                case IcmpType.Echo when !packet.IsGroup:
                    Reply(in packet, in icmp, (byte)IcmpType.EchoReply, IpProtocol.Icmp);
                    break;
                case IcmpType.EchoReply:
                    stack.Pings.AcceptReply(in packet, in icmp);
                    break;
                case IcmpType.DestinationUnreachable or IcmpType.TimeExceeded or IcmpType.ParameterProblem:
                    AcceptError(in packet, in icmp, v4: true);
                    break;
                default:
                    stack.Drop(HostDrop.UnknownProtocol);
                    break;
            }
        }
    }

    internal void AcceptV6(in Packet packet)
    {
        if (!IcmpView.TryParse(packet.Payload, out IcmpView icmp))
            stack.Drop(HostDrop.Malformed);
        else if (!icmp.IsChecksumValidV6(packet.Addresses))
            stack.Drop(HostDrop.BadChecksum);
        else if (icmp.TypeV6 is >= Icmpv6Type.RouterSolicitation and <= Icmpv6Type.Redirect)
            stack.Discovery.Accept(in packet, in icmp);
        else if (packet.Source.IsUnspecified)
            stack.Drop(HostDrop.BadSource);
        else
            AcceptMessageV6(in packet, in icmp);
    }

    private void AcceptMessageV6(in Packet packet, in IcmpView icmp)
    {
        switch (icmp.TypeV6)
        {
            case Icmpv6Type.EchoRequest:
                Reply(in packet, in icmp, (byte)Icmpv6Type.EchoReply, IpProtocol.IcmpV6);
                break;
            case Icmpv6Type.EchoReply:
                stack.Pings.AcceptReply(in packet, in icmp);
                break;

            // RFC 3810, 5.1.14: only from the link itself.
            case Icmpv6Type.MulticastListenerQuery when packet.Source.IsLinkLocal && packet.HopLimit == 1:
                stack.Listening.AcceptQuery(icmp.Message);
                break;
            case < Icmpv6Type.EchoRequest:
                AcceptError(in packet, in icmp, v4: false);
                break;
            default:
                stack.Drop(HostDrop.UnknownProtocol);
                break;
        }
    }

    /// <summary>Sends an echo's data back (RFC 1122, 3.2.2.6; RFC 4443, 4.2), from the address it was sent to or, after a group, from our own.</summary>
    private void Reply(in Packet packet, in IcmpView icmp, byte type, IpProtocol protocol)
    {
        IpAddress source = packet.Destination;
        if (!stack.Addresses.IsOwn(source) && !stack.Addresses.TrySource(packet.Source, out source))
        {
            stack.Drop(HostDrop.NoRoute);
            return;
        }

        Span<byte> message = PacketOutput.Transport[..icmp.Message.Length];
        icmp.Message.CopyTo(message);
        IcmpView.WriteHeader(message, type, 0, icmp.Word);
        stack.Output.Send(source, packet.Source, protocol, message.Length);
    }

    private void AcceptError(in Packet packet, in IcmpView icmp, bool v4)
    {
        if (!QuotedPacket.TryParse(icmp.Rest, v4, out QuotedPacket quoted))
            stack.Drop(HostDrop.Malformed);
        else if (!stack.Addresses.IsOwn(quoted.Source) || !stack.Pings.AcceptError(in packet, in icmp, in quoted))
            stack.Drop(HostDrop.StrayAnswer);
    }
}
