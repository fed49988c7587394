using System.Buffers.Binary;
using Fabric.Wire;

namespace Fabric.Switch.Acl;

/// <summary>The fields of a frame that access lists and snooping look at. Read once from a copy of the headers; nothing in it can fail.</summary>
/// <remarks>Nothing here trusts a length: what lies outside the bytes there are is <see cref="FieldState.Hidden"/>. A TCP header whose
/// first fragment cuts it off, or a later fragment that begins inside it, is hidden too (RFC 1858, 3; RFC 3128).</remarks>
internal struct PacketFields
{
    private const int MaxTags = 2;
    private const int MaxExtensions = 8;
    private const byte RoutingHeader = 43;
    private const byte AuthenticationHeader = 51;

    internal ulong Destination;
    internal ulong Source;
    internal ushort Vid;
    internal ushort Type;

    /// <summary>4 or 6 by the EtherType; 0 for what is not IP.</summary>
    internal byte Version;
    internal byte Protocol;
    internal byte Flags;
    internal byte IcmpType;
    internal FieldState Network;
    internal FieldState ProtocolState;
    internal FieldState Transport;
    internal ushort FromPort;
    internal ushort ToPort;

    /// <summary>Addresses as numbers; an IPv4 address is the low half's low 32 bits.</summary>
    internal UInt128 From;
    internal UInt128 To;

    /// <summary>Reads the fields.</summary>
    /// <param name="body">EtherType and what follows, as far as it was copied: at least two bytes.</param>
    /// <param name="vid">The VLAN; −1 to take that of the outer tag.</param>
    internal void Read(ReadOnlySpan<byte> body, int vid)
    {
        Version = Protocol = Flags = IcmpType = 0;
        Network = ProtocolState = Transport = FieldState.Absent;
        FromPort = ToPort = 0;
        From = To = default;
        Vid = (ushort)Math.Max(vid, 0);
        Type = BinaryPrimitives.ReadUInt16BigEndian(body);
        int at = sizeof(ushort);
        for (int tags = 0; tags < MaxTags && (EtherType)Type is EtherType.CustomerVlan or EtherType.ServiceVlan && body.Length >= at + 4; tags++)
        {
            if (tags == 0 && vid < 0)
                Vid = (ushort)(BinaryPrimitives.ReadUInt16BigEndian(body[at..]) & 0xFFF);
            Type = BinaryPrimitives.ReadUInt16BigEndian(body[(at + 2)..]);
            at += 4;
        }

        if ((EtherType)Type == EtherType.Ipv4)
            ReadIpv4(body[at..]);
        else if ((EtherType)Type == EtherType.Ipv6)
            ReadIpv6(body[at..]);
    }

    private void ReadIpv4(ReadOnlySpan<byte> packet)
    {
        Version = 4;
        Network = ProtocolState = Transport = FieldState.Hidden;
        if (packet.Length < Ipv4View.MinHeaderLength || packet[0] >> 4 != 4)
            return;
        int header = (packet[0] & 0xF) * 4;
        int total = BinaryPrimitives.ReadUInt16BigEndian(packet[2..]);
        if (header < Ipv4View.MinHeaderLength || header > total)
            return;
        Network = ProtocolState = FieldState.Seen;
        Protocol = packet[9];
        From = BinaryPrimitives.ReadUInt32BigEndian(packet[12..]);
        To = BinaryPrimitives.ReadUInt32BigEndian(packet[16..]);
        int fragment = BinaryPrimitives.ReadUInt16BigEndian(packet[6..]) & 0x1FFF;
        ReadTransport(fragment, header > packet.Length ? default : packet[header..Math.Min(total, packet.Length)]);
    }

    private void ReadIpv6(ReadOnlySpan<byte> packet)
    {
        Version = 6;
        Network = ProtocolState = Transport = FieldState.Hidden;
        if (packet.Length < Ipv6View.MinHeaderLength || packet[0] >> 4 != 6)
            return;
        Network = FieldState.Seen;
        From = BinaryPrimitives.ReadUInt128BigEndian(packet[8..]);
        To = BinaryPrimitives.ReadUInt128BigEndian(packet[24..]);
        int total = Ipv6View.MinHeaderLength + BinaryPrimitives.ReadUInt16BigEndian(packet[4..]);
        packet = packet[..Math.Min(total, packet.Length)];
        byte next = packet[6];
        int at = Ipv6View.MinHeaderLength;
        int fragment = 0;
        for (int extensions = 0; IsExtension(next); extensions++)
        {
            // A later fragment shows no more than the header it was told of.
            if (fragment != 0 || extensions == MaxExtensions || at + 8 > packet.Length)
                return;
            byte kind = next;
            next = packet[at];
            if (kind == (byte)IpProtocol.Fragment)
                fragment = BinaryPrimitives.ReadUInt16BigEndian(packet[(at + 2)..]) >> 3;
            at += kind switch
            {
                (byte)IpProtocol.Fragment => 8,
                AuthenticationHeader => (packet[at + 1] + 2) * 4,
                _ => 8 + (packet[at + 1] * 8),
            };
        }

        ProtocolState = FieldState.Seen;
        Protocol = next;
        ReadTransport(fragment, at > packet.Length ? default : packet[at..]);
    }

    private static bool IsExtension(byte header) => header is (byte)IpProtocol.HopByHop or RoutingHeader or (byte)IpProtocol.Fragment
        or (byte)IpProtocol.DestinationOptions or AuthenticationHeader;

    private void ReadTransport(int fragment, ReadOnlySpan<byte> segment)
    {
        bool isTcp = Protocol == (byte)IpProtocol.Tcp;
        if (fragment != 0)
        {
            Transport = isTcp && fragment * 8 < TcpView.MinHeaderLength ? FieldState.Hidden : FieldState.Elsewhere;
            return;
        }

        switch (Protocol)
        {
            case (byte)IpProtocol.Tcp when segment.Length >= TcpView.MinHeaderLength:
                Flags = segment[TcpView.FlagsOffset];
                ReadPorts(segment);
                break;
            case (byte)IpProtocol.Udp when segment.Length >= UdpView.HeaderLength:
                ReadPorts(segment);
                break;
            case (byte)IpProtocol.Icmp when Version == 4 && segment.Length >= 4:
            case (byte)IpProtocol.IcmpV6 when Version == 6 && segment.Length >= 4:
                IcmpType = segment[0];
                Transport = FieldState.Seen;
                break;
            case (byte)IpProtocol.Tcp or (byte)IpProtocol.Udp or (byte)IpProtocol.Icmp or (byte)IpProtocol.IcmpV6:
                Transport = FieldState.Hidden;
                break;
            default:
                Transport = FieldState.Absent;
                break;
        }
    }

    private void ReadPorts(ReadOnlySpan<byte> segment)
    {
        FromPort = BinaryPrimitives.ReadUInt16BigEndian(segment);
        ToPort = BinaryPrimitives.ReadUInt16BigEndian(segment[2..]);
        Transport = FieldState.Seen;
    }
}
