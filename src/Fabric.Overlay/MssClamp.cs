using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using Fabric.Wire;

namespace Fabric.Overlay;

// The segment size that a tunnel carries
//
// The end of a TCP connection says in its SYN how long the segments may be that it takes (RFC 9293, 3.7.1). One that knows nothing of the
// tunnel says what fits its own interface, and the other end then sends what the tunnel drops; it learns of that only where ICMP comes
// through. So the number is lowered on the way, in both directions, because the other end of the tunnel need not do the same. It is never
// raised, and where there is none the standard's 536 or 1220 bytes hold, which fit.

/// <summary>Lowers the maximum segment size of TCP to what a segment of the overlay carries.</summary>
internal static unsafe class MssClamp
{
    private const int AddressesLength = 2 * MacAddress.Length;
    private const byte PlainV4 = 0x45;
    private const int SizeOption = 2;
    private const int SizeOptionLength = 4;
    private const int LeastLength = EthernetView.MinHeaderLength + Ipv4View.MinHeaderLength + TcpView.MinHeaderLength;

    /// <summary>Tells frames that can be no SYN from those worth a closer look. A few comparisons.</summary>
    /// <param name="frame">The beginning of a frame.</param>
    /// <param name="length">Bytes that are there.</param>
    // SAFETY: nothing is read beyond the length.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool IsWanted(byte* frame, int length)
    {
        const int Network = EthernetView.MinHeaderLength;
        const int FlagsV4 = Network + Ipv4View.MinHeaderLength + TcpView.FlagsOffset;
        const int FlagsV6 = Network + Ipv6View.MinHeaderLength + TcpView.FlagsOffset;
        if (length < LeastLength)
            return false;
        switch ((EtherType)BinaryPrimitives.ReverseEndianness(Unsafe.ReadUnaligned<ushort>(frame + AddressesLength)))
        {
            case EtherType.Ipv4:
                return frame[Network + 9] == (byte)IpProtocol.Tcp && (frame[Network] != PlainV4 || (frame[FlagsV4] & (byte)TcpFlags.Synchronize) != 0);
            case EtherType.Ipv6:
                byte next = frame[Network + 6];
                return next == (byte)IpProtocol.Tcp ? length > FlagsV6 && (frame[FlagsV6] & (byte)TcpFlags.Synchronize) != 0 : InnerPacket.IsExtension((IpProtocol)next);
            case EtherType.CustomerVlan or EtherType.ServiceVlan:
                return true;
            default:
                return false;
        }
    }

    /// <summary>Lowers the option of a SYN, in place, and mends the checksum by the difference (RFC 1624, 3).</summary>
    /// <param name="frame">The beginning of a frame, with as much of its headers as there is.</param>
    /// <param name="mtu">Longest packet that is carried with one tag or none, in bytes; a second tag takes its part of it.</param>
    /// <param name="isPartial">Whether the checksum field holds the sum of the pseudo header alone, which the option is no part of.</param>
    /// <returns>True when something was lowered.</returns>
    internal static bool TryLower(Span<byte> frame, int mtu, bool isPartial)
    {
        if (!TryFindSegment(frame, out int start, out int headers))
            return false;
        Span<byte> segment = frame[start..];
        int most = mtu - headers;
        if (segment.Length < TcpView.MinHeaderLength || (segment[TcpView.FlagsOffset] & (byte)TcpFlags.Synchronize) == 0 || most <= 0)
            return false;
        bool lowered = false;
        int end = Math.Min((segment[12] >> 4) * 4, segment.Length);
        for (int at = TcpView.MinHeaderLength; at < end;)
        {
            // RFC 9293, 3.2: kind 0 ends the list, kind 1 is one byte, any other has its length behind it.
            byte kind = segment[at];
            if (kind == 0)
                break;
            if (kind == 1)
            {
                at++;
                continue;
            }

            if (at + 1 >= end || segment[at + 1] < 2 || at + segment[at + 1] > end)
                break;
            if (kind == SizeOption && segment[at + 1] == SizeOptionLength)
                lowered |= TryLower(segment, at + 2, most, isPartial);
            at += segment[at + 1];
        }

        return lowered;
    }

    private static bool TryLower(Span<byte> segment, int at, int most, bool isPartial)
    {
        ushort old = BinaryPrimitives.ReadUInt16BigEndian(segment[at..]);
        if (old <= most)
            return false;
        BinaryPrimitives.WriteUInt16BigEndian(segment[at..], (ushort)most);
        if (isPartial)
            return true;

        // A value on an odd position stands in two of the sum's words, its halves in each other's place.
        ushort was = (at & 1) == 0 ? old : BinaryPrimitives.ReverseEndianness(old);
        ushort now = (at & 1) == 0 ? (ushort)most : BinaryPrimitives.ReverseEndianness((ushort)most);
        Span<byte> field = segment[TcpView.ChecksumOffset..];
        uint sum = (uint)(ushort)~BinaryPrimitives.ReadUInt16BigEndian(field) + (ushort)~was + now;
        sum = (sum & ushort.MaxValue) + (sum >> 16);
        sum = (sum & ushort.MaxValue) + (sum >> 16);
        BinaryPrimitives.WriteUInt16BigEndian(field, (ushort)~sum);
        return true;
    }

    /// <summary>Finds the TCP header.</summary>
    /// <param name="frame">The beginning of a frame.</param>
    /// <param name="start">Its position.</param>
    /// <param name="headers">Bytes of a packet that are no segment's: both headers without options, and a second tag.</param>
    private static bool TryFindSegment(ReadOnlySpan<byte> frame, out int start, out int headers)
    {
        start = headers = 0;
        if (!InnerPacket.TryFind(frame, out EtherType type, out int network))
            return false;
        bool isV6 = type == EtherType.Ipv6;
        IpProtocol protocol = default;
        bool isFound = isV6 ? InnerPacket.TryFindTransportV6(frame[network..], out protocol, out start)
            : type == EtherType.Ipv4 && InnerPacket.TryFindTransportV4(frame[network..], out protocol, out start);
        start += network;
        headers = InnerPacket.FurtherTags(network) + (isV6 ? Ipv6View.MinHeaderLength : Ipv4View.MinHeaderLength) + TcpView.MinHeaderLength;
        return isFound && protocol == IpProtocol.Tcp;
    }
}
