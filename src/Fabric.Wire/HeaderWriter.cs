using System.Buffers.Binary;

namespace Fabric.Wire;

/// <summary>Writes headers of Ethernet, IPv4, IPv6, UDP and TCP in front of a payload that is in place.</summary>
/// <remarks>Nothing allocates. Every span must be long enough for its header; lengths are bytes.</remarks>
public static class HeaderWriter
{
    /// <summary>Most payload that one IPv4 packet without options carries.</summary>
    public const int MaxV4Payload = 65535 - Ipv4View.MinHeaderLength;

    private const ushort MoreFragments = 0x2000;

    /// <summary>Writes an Ethernet header (IEEE 802.3, 3.1), tagged when there is a tag (IEEE 802.1Q, 9.3).</summary>
    /// <param name="frame">At least 14 bytes, 18 with a tag.</param>
    /// <param name="destination">Where to.</param>
    /// <param name="source">Where from.</param>
    /// <param name="type">Protocol of the payload.</param>
    /// <param name="tagControl">Priority and VLAN number of a customer tag; null for none.</param>
    /// <returns>Bytes written.</returns>
    public static int Ethernet(Span<byte> frame, MacAddress destination, MacAddress source, EtherType type, ushort? tagControl = null)
    {
        destination.CopyTo(frame);
        source.CopyTo(frame[MacAddress.Length..]);
        int at = 2 * MacAddress.Length;
        if (tagControl is { } tag)
        {
            BinaryPrimitives.WriteUInt16BigEndian(frame[at..], (ushort)EtherType.CustomerVlan);
            BinaryPrimitives.WriteUInt16BigEndian(frame[(at + 2)..], tag);
            at += 4;
        }

        BinaryPrimitives.WriteUInt16BigEndian(frame[at..], (ushort)type);
        return at + 2;
    }

    /// <summary>Writes an IPv4 header without options (RFC 791, 3.1), checksum included.</summary>
    /// <param name="packet">At least 20 bytes.</param>
    /// <param name="source">IPv4.</param>
    /// <param name="destination">IPv4.</param>
    /// <param name="protocol">Protocol of the payload.</param>
    /// <param name="payload">Length of the payload, at most <see cref="MaxV4Payload"/>.</param>
    /// <param name="timeToLive">Routers it may pass.</param>
    /// <param name="identification">Common to all pieces of a packet.</param>
    /// <param name="fragment">Flags and offset as they stand in the header: 0x4000 Don't Fragment, 0x2000 More Fragments, offset / 8.</param>
    /// <param name="trafficClass">DSCP and ECN.</param>
    public static void V4(
        Span<byte> packet, IpAddress source, IpAddress destination, IpProtocol protocol, int payload, byte timeToLive = 64, ushort identification = 0, ushort fragment = 0, byte trafficClass = 0)
    {
        Span<byte> header = packet[..Ipv4View.MinHeaderLength];
        header[0] = 0x45;
        header[1] = trafficClass;
        BinaryPrimitives.WriteUInt16BigEndian(header[2..], (ushort)(header.Length + payload));
        BinaryPrimitives.WriteUInt16BigEndian(header[4..], identification);
        BinaryPrimitives.WriteUInt16BigEndian(header[6..], fragment);
        header[8] = timeToLive;
        header[9] = (byte)protocol;
        BinaryPrimitives.WriteUInt16BigEndian(header[10..], 0);
        source.CopyTo(header[12..]);
        destination.CopyTo(header[16..]);
        BinaryPrimitives.WriteUInt16BigEndian(header[10..], InternetChecksum.Finish(InternetChecksum.Add(0, header)));
    }

    /// <summary>Writes an IPv6 header (RFC 8200, 3).</summary>
    /// <param name="packet">At least 40 bytes.</param>
    /// <param name="source">IPv6.</param>
    /// <param name="destination">IPv6.</param>
    /// <param name="next">Next header.</param>
    /// <param name="payload">Length of all that follows the header, at most 65,535.</param>
    /// <param name="hopLimit">Routers it may pass.</param>
    /// <param name="trafficClass">DSCP and ECN.</param>
    public static void V6(Span<byte> packet, IpAddress source, IpAddress destination, IpProtocol next, int payload, byte hopLimit = 64, byte trafficClass = 0)
    {
        BinaryPrimitives.WriteUInt32BigEndian(packet, 0x6000_0000 | ((uint)trafficClass << 20));
        BinaryPrimitives.WriteUInt16BigEndian(packet[4..], (ushort)payload);
        packet[6] = (byte)next;
        packet[7] = hopLimit;
        source.CopyTo(packet[8..]);
        destination.CopyTo(packet[24..]);
    }

    /// <summary>Bytes that <see cref="Fragment"/> writes.</summary>
    /// <param name="isV4">Of which family.</param>
    public static int FragmentLength(bool isV4) => isV4 ? Ipv4View.MinHeaderLength : Ipv6View.MinHeaderLength + Ipv6View.FragmentHeaderLength;

    /// <summary>Writes the header of one piece of a packet of either family (RFC 791, 3.1; RFC 8200, 4.5).</summary>
    /// <param name="packet">At least <see cref="FragmentLength"/>.</param>
    /// <param name="source">Where from.</param>
    /// <param name="destination">Where to, of the same family.</param>
    /// <param name="protocol">Protocol of the whole payload.</param>
    /// <param name="offset">Where the piece begins in the payload: a multiple of eight bytes.</param>
    /// <param name="payload">Length of the piece.</param>
    /// <param name="more">It is not the last.</param>
    /// <param name="hopLimit">Routers it may pass.</param>
    /// <param name="identification">Common to all pieces of a packet; 16 bits of it count in IPv4.</param>
    public static void Fragment(
        Span<byte> packet, IpAddress source, IpAddress destination, IpProtocol protocol, int offset, int payload, bool more, byte hopLimit, uint identification)
    {
        if (source.IsV4)
        {
            V4(packet, source, destination, protocol, payload, hopLimit, (ushort)identification, (ushort)((more ? MoreFragments : 0) | (offset / 8)));
            return;
        }

        V6(packet, source, destination, IpProtocol.Fragment, payload + Ipv6View.FragmentHeaderLength, hopLimit);
        Span<byte> fragment = packet[Ipv6View.MinHeaderLength..];
        fragment[0] = (byte)protocol;
        fragment[1] = 0;
        BinaryPrimitives.WriteUInt16BigEndian(fragment[2..], (ushort)(offset | (more ? 1 : 0)));
        BinaryPrimitives.WriteUInt32BigEndian(fragment[4..], identification);
    }

    /// <summary>Writes a UDP header (RFC 768); the checksum stays 0.</summary>
    /// <param name="datagram">Header and payload.</param>
    /// <param name="sourcePort">Where from.</param>
    /// <param name="destinationPort">Where to.</param>
    public static void Udp(Span<byte> datagram, ushort sourcePort, ushort destinationPort)
    {
        BinaryPrimitives.WriteUInt16BigEndian(datagram, sourcePort);
        BinaryPrimitives.WriteUInt16BigEndian(datagram[2..], destinationPort);
        BinaryPrimitives.WriteUInt16BigEndian(datagram[UdpView.LengthOffset..], (ushort)datagram.Length);
        BinaryPrimitives.WriteUInt16BigEndian(datagram[UdpView.ChecksumOffset..], 0);
    }

    /// <summary>Writes a TCP header in front of options that are in place (RFC 9293, 3.1); checksum and urgent pointer stay 0.</summary>
    /// <param name="segment">At least the header and the options.</param>
    /// <param name="sourcePort">Where from.</param>
    /// <param name="destinationPort">Where to.</param>
    /// <param name="sequence">Number of the first payload byte.</param>
    /// <param name="acknowledgement">Number of the byte expected next.</param>
    /// <param name="flags">Control bits.</param>
    /// <param name="window">Receive window as it stands in the header.</param>
    /// <param name="optionsLength">Bytes of options, a multiple of 4, at most 40.</param>
    public static void Tcp(
        Span<byte> segment, ushort sourcePort, ushort destinationPort, uint sequence, uint acknowledgement, TcpFlags flags, ushort window, int optionsLength = 0)
    {
        BinaryPrimitives.WriteUInt16BigEndian(segment, sourcePort);
        BinaryPrimitives.WriteUInt16BigEndian(segment[2..], destinationPort);
        BinaryPrimitives.WriteUInt32BigEndian(segment[TcpView.SequenceOffset..], sequence);
        BinaryPrimitives.WriteUInt32BigEndian(segment[8..], acknowledgement);
        segment[12] = (byte)((TcpView.MinHeaderLength + optionsLength) / 4 << 4);
        segment[TcpView.FlagsOffset] = (byte)flags;
        BinaryPrimitives.WriteUInt16BigEndian(segment[14..], window);
        BinaryPrimitives.WriteUInt32BigEndian(segment[TcpView.ChecksumOffset..], 0);
    }

    /// <summary>Stores the checksum of a TCP segment, a UDP datagram or an ICMP message of either family, whose own field is 0.</summary>
    /// <param name="transport">From its header on to its end.</param>
    /// <param name="source">Source address.</param>
    /// <param name="destination">Destination address.</param>
    /// <param name="protocol">TCP, UDP, ICMP or ICMPv6.</param>
    public static void StoreChecksum(Span<byte> transport, IpAddress source, IpAddress destination, IpProtocol protocol)
    {
        ulong sum = protocol == IpProtocol.Icmp ? 0 : PseudoHeader(source, destination, protocol, transport.Length);
        ushort checksum = InternetChecksum.Finish(InternetChecksum.Add(sum, transport));

        // Zero would mean "no checksum" to UDP (RFC 768); 0xFFFF is the same number.
        if (checksum == 0 && protocol == IpProtocol.Udp)
            checksum = ushort.MaxValue;
        BinaryPrimitives.WriteUInt16BigEndian(transport[ChecksumOffset(protocol)..], checksum);
    }

    /// <summary>Stores the sum of the pseudo header alone, for a frame that leaves with a partial checksum (virtio 1.2, 5.1.6.2).</summary>
    /// <param name="transport">From the header on to the end.</param>
    /// <param name="source">Source address.</param>
    /// <param name="destination">Destination address.</param>
    /// <param name="protocol">TCP or UDP.</param>
    public static void StorePartialChecksum(Span<byte> transport, IpAddress source, IpAddress destination, IpProtocol protocol) =>
        BinaryPrimitives.WriteUInt16BigEndian(
            transport[ChecksumOffset(protocol)..], (ushort)~InternetChecksum.Finish(PseudoHeader(source, destination, protocol, transport.Length)));

    /// <summary>Tells whether the checksum of a TCP segment or UDP datagram is right.</summary>
    /// <param name="transport">From its header on to its end.</param>
    /// <param name="addresses">Source and destination as in the IP header: 8 or 32 bytes.</param>
    /// <param name="protocol">TCP or UDP.</param>
    public static bool IsChecksumValid(ReadOnlySpan<byte> transport, ReadOnlySpan<byte> addresses, IpProtocol protocol) =>
        InternetChecksum.Finish(InternetChecksum.Add(InternetChecksum.PseudoHeader(addresses, protocol, transport.Length), transport)) == 0;

    /// <summary>Where the checksum stands in a transport header.</summary>
    /// <param name="protocol">TCP, UDP, ICMP or ICMPv6.</param>
    public static int ChecksumOffset(IpProtocol protocol) => protocol switch
    {
        IpProtocol.Tcp => TcpView.ChecksumOffset,
        IpProtocol.Udp => UdpView.ChecksumOffset,
        _ => IcmpView.ChecksumOffset,
    };

    private static ulong PseudoHeader(IpAddress source, IpAddress destination, IpProtocol protocol, int length)
    {
        Span<byte> addresses = stackalloc byte[32];
        int each = source.IsV4 ? 4 : 16;
        source.CopyTo(addresses);
        destination.CopyTo(addresses[each..]);
        return InternetChecksum.PseudoHeader(addresses[..(2 * each)], protocol, length);
    }
}
