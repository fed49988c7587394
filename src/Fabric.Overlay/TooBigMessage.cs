using Fabric.Wire;

namespace Fabric.Overlay;

// Too big for the tunnel
//
// A VTEP never fragments (RFC 7348, 4.3), and a switch has no address to speak from. But a packet that is dropped in silence is what makes
// connections hang: so its sender is told what a router would tell it, ICMP "fragmentation needed" (RFC 792, with the MTU of RFC 1191, 4) or
// ICMPv6 "packet too big" (RFC 4443, 3.2), in the name of the station that the packet was for. The sender checks what is quoted, as for any
// such message, and sends shorter packets to that destination from then on.

/// <summary>Writes the frame that tells a station that its packet was too long.</summary>
internal static class TooBigMessage
{
    /// <summary>Most bytes of such a frame.</summary>
    internal const int MostLength = EthernetView.MinHeaderLength + (InnerPacket.MostTags * InnerPacket.TagLength) + MaxV6;

    /// <summary>Most bytes of the packet's frame that are looked at and quoted.</summary>
    internal const int MostQuoted = MostLength - Ipv6View.MinHeaderLength - IcmpView.HeaderLength;

    /// <summary>A message with what it quotes takes at most so many bytes (RFC 1812, 4.3.2.3; RFC 4443, 2.4 (c)).</summary>
    private const int MaxV4 = 576;
    private const int MaxV6 = 1280;
    private const byte FragmentationNeeded = 4;
    private const byte DontFragment = 0x40;

    /// <summary>Internetwork control (RFC 1812, 4.3.2.5).</summary>
    private const byte Precedence = 0xC0;

    /// <summary>Writes it, unless there must be none: about an error, a group, a fragment but the first, a packet that may be fragmented, or
    /// a source that is not one station (RFC 1812, 4.3.2.7; RFC 4443, 2.4 (e)).</summary>
    /// <param name="frame">The beginning of the packet's frame.</param>
    /// <param name="mtu">Longest packet that is carried, behind one tag or none.</param>
    /// <param name="keepsTags">Whether the answer has the same VLAN tags; without, it has none.</param>
    /// <param name="answer">At least <see cref="MostLength"/> bytes.</param>
    /// <returns>Length of the frame; 0 for none.</returns>
    internal static int Write(ReadOnlySpan<byte> frame, int mtu, bool keepsTags, Span<byte> answer)
    {
        if (frame.Length < EthernetView.MinHeaderLength || (frame[0] & 1) != 0 || !InnerPacket.TryFind(frame, out EtherType type, out int network))
            return 0;
        ReadOnlySpan<byte> packet = frame[network..];
        bool isV6 = type == EtherType.Ipv6;
        if (isV6 ? !MayTellV6(packet) : type != EtherType.Ipv4 || !MayTellV4(packet))
            return 0;

        int header = keepsTags ? network : EthernetView.MinHeaderLength;
        frame[(network - header)..network].CopyTo(answer);
        frame[..MacAddress.Length].CopyTo(answer[MacAddress.Length..]);
        frame.Slice(MacAddress.Length, MacAddress.Length).CopyTo(answer);
        mtu -= InnerPacket.FurtherTags(network);
        return header + (isV6 ? WriteV6(packet, mtu, answer[header..]) : WriteV4(packet, mtu, answer[header..]));
    }

    private static int WriteV4(ReadOnlySpan<byte> packet, int mtu, Span<byte> answer)
    {
        IpAddress to = IpAddress.ReadV4(packet[12..]);
        IpAddress about = IpAddress.ReadV4(packet[16..]);
        int quoted = Math.Min(packet.Length, MaxV4 - Ipv4View.MinHeaderLength - IcmpView.HeaderLength);
        int length = IcmpView.HeaderLength + quoted;
        HeaderWriter.V4(answer, about, to, IpProtocol.Icmp, length, trafficClass: Precedence);
        Span<byte> message = answer.Slice(Ipv4View.MinHeaderLength, length);
        packet[..quoted].CopyTo(message[IcmpView.HeaderLength..]);
        IcmpView.WriteHeader(message, (byte)IcmpType.DestinationUnreachable, FragmentationNeeded, (ushort)Math.Min(mtu, ushort.MaxValue));
        HeaderWriter.StoreChecksum(message, about, to, IpProtocol.Icmp);
        return Ipv4View.MinHeaderLength + length;
    }

    private static int WriteV6(ReadOnlySpan<byte> packet, int mtu, Span<byte> answer)
    {
        IpAddress to = IpAddress.ReadV6(packet[8..]);
        IpAddress about = IpAddress.ReadV6(packet[24..]);
        int quoted = Math.Min(packet.Length, MaxV6 - Ipv6View.MinHeaderLength - IcmpView.HeaderLength);
        int length = IcmpView.HeaderLength + quoted;
        HeaderWriter.V6(answer, about, to, IpProtocol.IcmpV6, length);
        Span<byte> message = answer.Slice(Ipv6View.MinHeaderLength, length);
        packet[..quoted].CopyTo(message[IcmpView.HeaderLength..]);
        IcmpView.WriteHeader(message, (byte)Icmpv6Type.PacketTooBig, 0, (uint)mtu);
        HeaderWriter.StoreChecksum(message, about, to, IpProtocol.IcmpV6);
        return Ipv6View.MinHeaderLength + length;
    }

    private static bool MayTellV4(ReadOnlySpan<byte> packet)
    {
        if (!InnerPacket.TryFindTransportV4(packet, out IpProtocol protocol, out int start) || (packet[6] & DontFragment) == 0)
            return false;
        if (!IsOneStation(IpAddress.ReadV4(packet[12..])) || !IsOneStation(IpAddress.ReadV4(packet[16..])))
            return false;

        // What is no query that is known may be an error.
        return protocol != IpProtocol.Icmp || (start < packet.Length && (IcmpType)packet[start] is IcmpType.Echo or IcmpType.EchoReply);
    }

    private static bool MayTellV6(ReadOnlySpan<byte> packet)
    {
        if (!InnerPacket.TryFindTransportV6(packet, out IpProtocol protocol, out int start))
            return false;
        IpAddress source = IpAddress.ReadV6(packet[8..]);
        IpAddress destination = IpAddress.ReadV6(packet[24..]);

        // IPv4-mapped addresses never stand in a header (RFC 4291, 2.5.5.2).
        if (source.IsV4 || destination.IsV4 || !IsOneStation(source) || !IsOneStation(destination))
            return false;
        return protocol != IpProtocol.IcmpV6
            || (start < packet.Length && (Icmpv6Type)packet[start] is >= Icmpv6Type.EchoRequest and not Icmpv6Type.Redirect);
    }

    private static bool IsOneStation(IpAddress address) =>
        !address.IsMulticast && !address.IsUnspecified && !address.IsLoopback && (!address.IsV4 || address.V4 >> 28 != 0xF);
}
