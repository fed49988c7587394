using Fabric.Hosts.Internet;
using Fabric.Wire;

namespace Fabric.Hosts.Udp;

/// <summary>Sends each datagram back (RFC 862).</summary>
internal sealed class UdpEcho(HostStack stack) : IUdpListener
{
    internal const ushort Port = 7;

    public void Accept(in Packet packet, ushort sourcePort, ReadOnlySpan<byte> payload)
    {
        // Another echo port would send it back for ever, and a group's answers would multiply it.
        if (packet.IsGroup || sourcePort == Port)
        {
            stack.Drop(HostDrop.StrayAnswer);
            return;
        }

        payload.CopyTo(PacketOutput.Transport[UdpView.HeaderLength..]);
        stack.Udp.Send(packet.Destination, Port, packet.Source, sourcePort, payload.Length);
    }
}
