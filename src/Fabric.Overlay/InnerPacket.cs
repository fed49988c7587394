using System.Buffers.Binary;
using Fabric.Wire;

namespace Fabric.Overlay;

/// <summary>Finds the headers of a frame of which the beginning is there.</summary>
internal static class InnerPacket
{
    /// <summary>Bytes of a VLAN tag.</summary>
    internal const int TagLength = 4;

    /// <summary>Most tags in front of a packet.</summary>
    internal const int MostTags = 2;

    private const byte RoutingHeader = 43;

    /// <summary>Finds the packet of a frame, behind its tags.</summary>
    /// <param name="frame">From the destination address on.</param>
    /// <param name="type">Protocol of the packet.</param>
    /// <param name="network">Position of the packet.</param>
    internal static bool TryFind(ReadOnlySpan<byte> frame, out EtherType type, out int network)
    {
        network = EthernetView.MinHeaderLength;
        for (int tags = 0; network <= frame.Length; tags++, network += TagLength)
        {
            type = (EtherType)BinaryPrimitives.ReadUInt16BigEndian(frame[(network - sizeof(ushort))..]);
            if (tags == MostTags || type is not (EtherType.CustomerVlan or EtherType.ServiceVlan))
                return true;
        }

        type = default;
        return false;
    }

    /// <summary>Bytes that tags beyond the first take: a segment's MTU leaves room for one.</summary>
    /// <param name="network">Position of the packet.</param>
    internal static int FurtherTags(int network) => Math.Max(0, network - EthernetView.MinHeaderLength - TagLength);

    /// <summary>Finds what an IPv4 packet carries, in its only or first fragment.</summary>
    /// <param name="packet">As much of it as there is.</param>
    /// <param name="protocol">Its protocol.</param>
    /// <param name="start">Its position.</param>
    internal static bool TryFindTransportV4(ReadOnlySpan<byte> packet, out IpProtocol protocol, out int start)
    {
        protocol = default;
        start = 0;
        if (packet.Length < Ipv4View.MinHeaderLength || packet[0] >> 4 != 4 || (BinaryPrimitives.ReadUInt16BigEndian(packet[6..]) & 0x1FFF) != 0)
            return false;
        protocol = (IpProtocol)packet[9];
        start = (packet[0] & 0xF) * 4;
        return start >= Ipv4View.MinHeaderLength && start <= packet.Length;
    }

    /// <summary>Finds what an IPv6 packet carries behind its extension headers, in its only or first fragment.</summary>
    /// <param name="packet">As much of it as there is.</param>
    /// <param name="protocol">Its protocol.</param>
    /// <param name="start">Its position.</param>
    internal static bool TryFindTransportV6(ReadOnlySpan<byte> packet, out IpProtocol protocol, out int start)
    {
        protocol = default;
        start = Ipv6View.MinHeaderLength;
        if (packet.Length < start || packet[0] >> 4 != 6)
            return false;
        protocol = (IpProtocol)packet[6];
        while (IsExtension(protocol))
        {
            if (start + 8 > packet.Length)
                return false;
            bool isFragment = protocol == IpProtocol.Fragment;
            if (isFragment && (BinaryPrimitives.ReadUInt16BigEndian(packet[(start + 2)..]) & 0xFFF8) != 0)
                return false;
            protocol = (IpProtocol)packet[start];
            start += isFragment ? Ipv6View.FragmentHeaderLength : 8 + (packet[start + 1] * 8);
        }

        return start <= packet.Length;
    }

    /// <summary>Tells whether a place is that of the checksum of the TCP or UDP packet in a frame.</summary>
    /// <param name="frame">Its beginning.</param>
    /// <param name="start">Where the transport header should begin.</param>
    /// <param name="offset">Where in it the checksum should be.</param>
    /// <param name="protocol">Which it is.</param>
    internal static bool IsChecksumAt(ReadOnlySpan<byte> frame, int start, int offset, out IpProtocol protocol)
    {
        protocol = default;
        int transport = 0;
        if (!TryFind(frame, out EtherType type, out int network))
            return false;
        bool found = type switch
        {
            EtherType.Ipv4 => TryFindTransportV4(frame[network..], out protocol, out transport),
            EtherType.Ipv6 => TryFindTransportV6(frame[network..], out protocol, out transport),
            _ => false,
        };
        return found && protocol is IpProtocol.Tcp or IpProtocol.Udp && start == network + transport && offset == HeaderWriter.ChecksumOffset(protocol)
            && start + offset + sizeof(ushort) <= frame.Length;
    }

    /// <summary>Tells whether a frame is a plain UDP datagram whose checksum was made, and is right.</summary>
    /// <param name="frame">All of it.</param>
    internal static bool IsRightDatagram(ReadOnlySpan<byte> frame)
    {
        const int Network = EthernetView.MinHeaderLength;
        if (frame.Length < Network + Ipv4View.MinHeaderLength + UdpView.HeaderLength)
            return false;
        ReadOnlySpan<byte> packet = frame[Network..];
        switch ((EtherType)BinaryPrimitives.ReadUInt16BigEndian(frame[(2 * MacAddress.Length)..]))
        {
            case EtherType.Ipv4 when packet[0] == 0x45 && packet[9] == (byte)IpProtocol.Udp && (BinaryPrimitives.ReadUInt16BigEndian(packet[6..]) & 0x3FFF) == 0
                && BinaryPrimitives.ReadUInt16BigEndian(packet[2..]) == packet.Length:
                return IsRight(packet[Ipv4View.MinHeaderLength..], packet.Slice(12, 8));
            case EtherType.Ipv6 when packet.Length >= Ipv6View.MinHeaderLength + UdpView.HeaderLength && packet[0] >> 4 == 6 && packet[6] == (byte)IpProtocol.Udp
                && BinaryPrimitives.ReadUInt16BigEndian(packet[4..]) == packet.Length - Ipv6View.MinHeaderLength:
                return IsRight(packet[Ipv6View.MinHeaderLength..], packet.Slice(8, 32));
            default:
                return false;
        }

        static bool IsRight(ReadOnlySpan<byte> datagram, ReadOnlySpan<byte> addresses) =>
            BinaryPrimitives.ReadUInt16BigEndian(datagram[UdpView.LengthOffset..]) == datagram.Length
            && BinaryPrimitives.ReadUInt16BigEndian(datagram[UdpView.ChecksumOffset..]) != 0
            && HeaderWriter.IsChecksumValid(datagram, addresses, IpProtocol.Udp);
    }

    /// <summary>Tells whether another header follows one of this kind (RFC 8200, 4.1).</summary>
    internal static bool IsExtension(IpProtocol next) =>
        next is IpProtocol.HopByHop or IpProtocol.DestinationOptions or IpProtocol.Fragment or (IpProtocol)RoutingHeader;
}
