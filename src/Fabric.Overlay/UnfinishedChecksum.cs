using System.Buffers.Binary;
using Fabric.Link;
using Fabric.Wire;

namespace Fabric.Overlay;

// Inner frames that were never finished
//
// Linux's own vxlan interface leaves inner checksums, and the cutting of inner super-frames, to the network card at the end of the way. Where
// that way ends in the same kernel (veth, a bridge, a container) there is no card: the socket gets one datagram of up to 64 KiB whose
// inner TCP header holds the sum of the pseudo-header alone, and nothing beside it tells. "Ping works, TCP does not."
//
// So a frame whose TCP or UDP checksum is wrong, and is exactly what a partial one would be, is handed on as partial. A frame that was
// damaged on the way into that very value would get a good checksum: one in 65,536 of those that both the link's own check and the outer
// checksum let pass. One that is longer than the segment's packets is also marked as a super-frame, to be cut to the segment's MTU: the
// sender's own segment size is lost.

/// <summary>Finds inner frames that the sending kernel left unfinished.</summary>
internal static class UnfinishedChecksum
{
    private const int Network = EthernetView.MinHeaderLength;

    /// <summary>Looks at a frame.</summary>
    /// <param name="frame">All of it.</param>
    /// <param name="mtu">Longest packet of the segment; 0 when not known.</param>
    /// <param name="offload">What is left to do.</param>
    /// <returns>False when nothing is.</returns>
    internal static bool TryFind(ReadOnlySpan<byte> frame, int mtu, out FrameOffload offload)
    {
        offload = default;
        if (frame.Length < Network + Ipv4View.MinHeaderLength + UdpView.HeaderLength)
            return false;
        ReadOnlySpan<byte> packet = frame[Network..];
        switch ((EtherType)BinaryPrimitives.ReadUInt16BigEndian(frame[(2 * MacAddress.Length)..]))
        {
            case EtherType.Ipv4:
                return Ipv4View.TryParse(packet, out Ipv4View v4) && !v4.IsFragment
                    && TryFind(frame.Length, v4.Payload, v4.Addresses, v4.Protocol, v4.HeaderLength, mtu, GsoType.TcpV4, ref offload);
            case EtherType.Ipv6:
                return Ipv6View.TryParse(packet, out Ipv6View v6) && !v6.IsFragment
                    && TryFind(frame.Length, v6.Payload, v6.Addresses, v6.Protocol, v6.HeaderLength, mtu, GsoType.TcpV6, ref offload);
            default:
                return false;
        }
    }

    private static bool TryFind(
        int frame, ReadOnlySpan<byte> transport, ReadOnlySpan<byte> addresses, IpProtocol protocol, int headerLength, int mtu, GsoType gso, ref FrameOffload offload)
    {
        bool isTcp = protocol == IpProtocol.Tcp;
        if (isTcp ? transport.Length < TcpView.MinHeaderLength : protocol != IpProtocol.Udp || transport.Length < UdpView.HeaderLength)
            return false;
        int field = HeaderWriter.ChecksumOffset(protocol);
        ushort stored = BinaryPrimitives.ReadUInt16BigEndian(transport[field..]);
        ulong pseudo = InternetChecksum.PseudoHeader(addresses, protocol, transport.Length);
        if (stored != (ushort)~InternetChecksum.Finish(pseudo) || stored == 0 || InternetChecksum.Finish(InternetChecksum.Add(pseudo, transport)) == 0)
            return false;
        int start = Network + headerLength;
        offload = new FrameOffload { Flags = OffloadFlags.NeedsChecksum, ChecksumStart = (ushort)start, ChecksumOffset = (ushort)field };
        if (!isTcp || mtu == 0 || frame - Network <= mtu)
            return true;
        int header = transport[12] >> 4 << 2;
        int size = mtu - headerLength - header;
        if (header < TcpView.MinHeaderLength || header >= transport.Length || size <= 0)
            return true;
        offload.Gso = gso;
        offload.GsoSize = (ushort)size;
        offload.HeaderLength = (ushort)(start + header);
        return true;
    }
}
