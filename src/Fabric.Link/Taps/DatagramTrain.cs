using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using Fabric.Wire;

namespace Fabric.Link.Taps;

// Datagrams of one flow that stand one behind the other in a burst can go to the host as one super-frame (UDP segmentation offload,
// virtio 1.2, 5.1.6.2): one system call, one walk through its stack and one wake-up of the receiver in place of as many as there are
// datagrams. The host takes it apart again where it must, so each datagram arrives as it was sent.
//
// Only what comes out the same may join. All datagrams have one length but for the last, which may be shorter. The headers are equal
// but for lengths, checksums and identification; the host numbers the pieces anew, which says nothing in a packet that must not be
// fragmented (RFC 6864, 4.1), so the others stay out. And the host will make new checksums, so a datagram joins only when its own was
// not made yet or is known to be right: a damaged one must not be given a good one.

/// <summary>A run of UDP datagrams that leave as one super-frame.</summary>
internal static class DatagramTrain
{
    /// <summary>Bytes of the longest headers that join: Ethernet, IPv6, UDP.</summary>
    internal const int MaxHeaderLength = EthernetView.MinHeaderLength + Ipv6View.MinHeaderLength + UdpView.HeaderLength;

    private const int Network = EthernetView.MinHeaderLength;

    /// <summary>Most bytes of a super-frame's datagram: what its length field and that of IPv4 can say.</summary>
    private const int MaxDatagram = ushort.MaxValue - Ipv4View.MinHeaderLength;

    /// <summary>Finds out how many of the first frames can leave as one.</summary>
    /// <param name="frames">At least one.</param>
    /// <param name="payload">Where the payload of each begins.</param>
    /// <returns>Number of frames; 1 when the first goes alone.</returns>
    internal static int Measure(ReadOnlySpan<Frame> frames, out int payload)
    {
        payload = 0;
        if (frames.Length < 2 || !IsShortEnough(in frames[0]) || !TryFindPayload(in frames[0], out payload))
            return 1;
        ReadOnlySpan<byte> first = frames[0].Head;
        int segment = first.Length - payload;
        int total = UdpView.HeaderLength + segment;
        int count = 1;
        while (count < frames.Length)
        {
            ref readonly Frame next = ref frames[count];
            int length = next.Length - payload;
            if (length > segment || length <= 0 || total + length > MaxDatagram || !HasSameHeaders(first, next.Head, payload) || !TryFindPayload(in next, out _))
                break;
            count++;
            total += length;
            if (length < segment)
                break;
        }

        return count;
    }

    /// <summary>Makes the headers of the super-frame.</summary>
    /// <remarks>A guest may have changed its frames since they were measured: no length is read from them again.</remarks>
    /// <param name="frames">What <see cref="Measure"/> counted: two or more.</param>
    /// <param name="payload">Where it found their payloads, which is the length of the headers of the super-frame too.</param>
    /// <param name="headers">At least <see cref="MaxHeaderLength"/> bytes.</param>
    /// <param name="offload">What the host is to do.</param>
    internal static void WriteHeaders(ReadOnlySpan<Frame> frames, int payload, Span<byte> headers, out FrameOffload offload)
    {
        ReadOnlySpan<byte> first = frames[0].Head;
        int transport = payload - UdpView.HeaderLength;
        first[..payload].CopyTo(headers);
        int datagram = UdpView.HeaderLength;
        foreach (ref readonly Frame frame in frames)
            datagram += frame.Length - payload;
        ReadOnlySpan<byte> addresses;
        if (transport == Network + Ipv4View.MinHeaderLength)
        {
            Span<byte> header = headers[Network..transport];
            BinaryPrimitives.WriteUInt16BigEndian(header[2..], (ushort)(header.Length + datagram));
            BinaryPrimitives.WriteUInt16BigEndian(header[10..], 0);
            BinaryPrimitives.WriteUInt16BigEndian(header[10..], InternetChecksum.Finish(InternetChecksum.Add(0, header)));
            addresses = headers.Slice(Network + 12, 8);
        }
        else
        {
            BinaryPrimitives.WriteUInt16BigEndian(headers[(Network + 4)..], (ushort)datagram);
            addresses = headers.Slice(Network + 8, 32);
        }

        ushort pseudo = (ushort)~InternetChecksum.Finish(InternetChecksum.PseudoHeader(addresses, IpProtocol.Udp, datagram));
        BinaryPrimitives.WriteUInt16BigEndian(headers[(transport + UdpView.LengthOffset)..], (ushort)datagram);
        BinaryPrimitives.WriteUInt16BigEndian(headers[(transport + UdpView.ChecksumOffset)..], pseudo);
        offload = new FrameOffload
        {
            Flags = OffloadFlags.NeedsChecksum,
            Gso = GsoType.UdpL4,
            GsoSize = (ushort)(first.Length - payload),
            HeaderLength = (ushort)payload,
            ChecksumStart = (ushort)transport,
            ChecksumOffset = UdpView.ChecksumOffset,
        };
    }

    /// <summary>Long ones gain little, and a train of a few would be longer than a packet can be.</summary>
    private static bool IsShortEnough(in Frame frame) => frame.Length <= 4096;

    /// <summary>Finds the payload of a datagram that may be in a train.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool TryFindPayload(in Frame frame, out int payload)
    {
        payload = 0;
        if (!frame.IsContiguous || frame.Offload.Gso != GsoType.None)
            return false;
        ReadOnlySpan<byte> bytes = frame.Head;
        if (bytes.Length <= Network + Ipv4View.MinHeaderLength + UdpView.HeaderLength)
            return false;
        int transport;
        int length = bytes.Length - Network;
        ReadOnlySpan<byte> packet = bytes[Network..];
        switch ((EtherType)BinaryPrimitives.ReadUInt16BigEndian(bytes[(2 * MacAddress.Length)..]))
        {
            // No options; DF and nothing else, which also says that it is no fragment.
            case EtherType.Ipv4 when packet[0] == 0x45 && packet[9] == (byte)IpProtocol.Udp && BinaryPrimitives.ReadUInt16BigEndian(packet[6..]) == 0x4000
                && BinaryPrimitives.ReadUInt16BigEndian(packet[2..]) == length:
                transport = Network + Ipv4View.MinHeaderLength;
                break;
            case EtherType.Ipv6 when length > Ipv6View.MinHeaderLength + UdpView.HeaderLength && packet[0] >> 4 == 6 && packet[6] == (byte)IpProtocol.Udp
                && BinaryPrimitives.ReadUInt16BigEndian(packet[4..]) == length - Ipv6View.MinHeaderLength:
                transport = Network + Ipv6View.MinHeaderLength;
                break;
            default:
                return false;
        }

        payload = transport + UdpView.HeaderLength;
        return BinaryPrimitives.ReadUInt16BigEndian(bytes[(transport + UdpView.LengthOffset)..]) == bytes.Length - transport && WantsChecksum(in frame, transport);
    }

    /// <summary>True when a new checksum hides nothing: the frame waits for one, or somebody below has looked at it.</summary>
    private static bool WantsChecksum(in Frame frame, int transport)
    {
        FrameOffload offload = frame.Offload;
        if ((offload.Flags & OffloadFlags.NeedsChecksum) != 0)
            return offload.ChecksumStart == transport && offload.ChecksumOffset == UdpView.ChecksumOffset;
        return (offload.Flags & OffloadFlags.DataValid) != 0 && BinaryPrimitives.ReadUInt16BigEndian(frame.Head[(transport + UdpView.ChecksumOffset)..]) != 0;
    }

    /// <summary>Compares all that must be equal: everything but lengths, identification and checksums.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool HasSameHeaders(ReadOnlySpan<byte> one, ReadOnlySpan<byte> other, int payload)
    {
        if (other.Length <= payload)
            return false;
        int transport = payload - UdpView.HeaderLength;
        if (!one.Slice(transport, UdpView.LengthOffset).SequenceEqual(other.Slice(transport, UdpView.LengthOffset)))
            return false;
        if (transport == Network + Ipv6View.MinHeaderLength)
            return one[..(Network + 4)].SequenceEqual(other[..(Network + 4)]) && one[(Network + 6)..transport].SequenceEqual(other[(Network + 6)..transport]);
        return one[..(Network + 2)].SequenceEqual(other[..(Network + 2)]) && one.Slice(Network + 6, 4).SequenceEqual(other.Slice(Network + 6, 4))
            && one[(Network + 12)..transport].SequenceEqual(other[(Network + 12)..transport]);
    }
}
