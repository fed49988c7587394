using Fabric.Wire;

namespace Fabric.Routing.Local;

/// <summary>Nothing in a router listens on TCP: whoever tries is told so at once (RFC 9293, 3.10.7.1), as often as errors may be sent.</summary>
internal sealed class TcpRefusal(RouterControl control)
{
    internal void Accept(in LocalPacket packet)
    {
        if (!TcpView.TryParse(packet.Payload, out TcpView tcp))
        {
            control.Drop(RouterDrop.Malformed);
            return;
        }

        if (!HeaderWriter.IsChecksumValid(packet.Payload, packet.Addresses, IpProtocol.Tcp))
        {
            control.Drop(RouterDrop.BadChecksum);
            return;
        }

        control.Drop(RouterDrop.ClosedPort);
        if (!packet.IsGroup && (tcp.Flags & TcpFlags.Reset) == 0 && control.Errors.TryTake())
            Refuse(in packet, in tcp);
    }

    private void Refuse(in LocalPacket packet, in TcpView tcp)
    {
        bool acknowledges = (tcp.Flags & TcpFlags.Acknowledge) != 0;
        uint length = (uint)tcp.Payload.Length + ((tcp.Flags & TcpFlags.Synchronize) != 0 ? 1U : 0) + ((tcp.Flags & TcpFlags.Finish) != 0 ? 1U : 0);
        (ushort from, ushort to) = (tcp.DestinationPort, tcp.SourcePort);
        uint sequence = acknowledges ? tcp.AcknowledgementNumber : 0;
        uint acknowledgement = acknowledges ? 0 : tcp.SequenceNumber + length;
        TcpFlags flags = acknowledges ? TcpFlags.Reset : TcpFlags.Reset | TcpFlags.Acknowledge;
        Span<byte> segment = PacketOutput.Room(TcpView.MinHeaderLength);
        HeaderWriter.Tcp(segment, from, to, sequence, acknowledgement, flags, 0);
        HeaderWriter.StoreChecksum(segment, packet.Destination, packet.Source, IpProtocol.Tcp);
        bool linkScope = !packet.Source.IsV4 && packet.Source.IsLinkLocal;
        control.Output.Send(packet.Destination, packet.Source, IpProtocol.Tcp, segment.Length, via: linkScope ? packet.Link : null);
    }
}
