using Fabric.Hosts.Internet;

namespace Fabric.Hosts.Udp;

/// <summary>Takes the datagrams of a UDP port.</summary>
internal interface IUdpListener
{
    /// <summary>A datagram whose checksum is right.</summary>
    void Accept(in Packet packet, ushort sourcePort, ReadOnlySpan<byte> payload);
}
