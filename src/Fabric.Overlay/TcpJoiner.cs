using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Fabric.Link;
using Fabric.Wire;

namespace Fabric.Overlay;

// The reverse of segmentation
//
// Segments of one TCP flow that stand one behind the other can go on as one super-frame: one walk through the switch, one write to the TAP
// and one through the receiver's stack, in place of forty. Whoever takes it apart again must get what was sent, so only segments join
// that OffloadCompleter, or the host, would make from the whole: equal headers but for length, sequence number, checksums and
// identification; sequence numbers that follow each other; one payload length but for the last, which may be shorter and alone may have
// PSH; no flags but ACK and PSH. IPv4 without options and with Don't Fragment, where the identification says nothing (RFC 6864, 4.1).
//
// The whole gets a partial checksum, and in the end a new one. So a segment joins only when its own is right: a damaged one must arrive
// damaged, and not with a good checksum.

/// <summary>Makes super-frames of TCP segments that come in a row.</summary>
internal sealed unsafe class TcpJoiner
{
    /// <summary>Most segments in one; a TAP takes so many pieces without a copy.</summary>
    private const int MostSegments = 60;

    /// <summary>Smaller payloads gain little.</summary>
    private const int SmallestPayload = 128;

    private const int Network = EthernetView.MinHeaderLength;
    private const int HeaderPlace = 128;
    private readonly byte[] _headers = GC.AllocateUninitializedArray<byte>(IPort.MaxBurst * HeaderPlace, pinned: true);
    private readonly FrameSegment[] _pieces = GC.AllocateUninitializedArray<FrameSegment>(IPort.MaxBurst * MostSegments, pinned: true);
    private int _used;

    /// <summary>Begins a burst: super-frames of the last one are gone.</summary>
    internal void Begin() => _used = 0;

    /// <summary>Joins as many of the first frames as go together.</summary>
    /// <param name="arrivals">At least one.</param>
    /// <param name="whole">The super-frame; not set when nothing is joined.</param>
    /// <returns>Number of frames in it; 1 for none.</returns>
    internal int Join(ReadOnlySpan<Decapsulator.Arrival> arrivals, out Frame whole)
    {
        Unsafe.SkipInit(out whole);
        if (arrivals.Length < 2 || !TryParse(in arrivals[0], out Segment first) || (first.Flags & TcpFlags.Push) != 0)
            return 1;
        int count = 1;
        int total = arrivals[0].Length;
        TcpFlags flags = first.Flags;
        while (count < arrivals.Length && count < MostSegments && (flags & TcpFlags.Push) == 0)
        {
            if (!TryParse(in arrivals[count], out Segment next) || !Follows(in arrivals[0], in first, in arrivals[count], in next, count, total))
                break;
            if ((count == 1 && !IsRight(in arrivals[0], in first)) || !IsRight(in arrivals[count], in next))
                break;
            flags |= next.Flags;
            total += next.PayloadLength;
            count++;
            if (next.PayloadLength < first.PayloadLength)
                break;
        }

        if (count > 1)
            whole = Make(arrivals[..count], in first, total, flags);
        return count;
    }

    private static bool TryParse(in Decapsulator.Arrival arrival, out Segment segment)
    {
        segment = default;
        // SAFETY: the underlay's memory, which stays as it is during the call.
        ReadOnlySpan<byte> frame = new(arrival.Data, arrival.Length);
        if (frame.Length < Network + Ipv4View.MinHeaderLength + TcpView.MinHeaderLength + SmallestPayload)
            return false;
        ReadOnlySpan<byte> packet = frame[Network..];
        int transport;
        switch ((EtherType)BinaryPrimitives.ReadUInt16BigEndian(frame[(2 * MacAddress.Length)..]))
        {
            case EtherType.Ipv4 when packet[0] == 0x45 && packet[9] == (byte)IpProtocol.Tcp
                && BinaryPrimitives.ReadUInt16BigEndian(packet[6..]) == 0x4000 && BinaryPrimitives.ReadUInt16BigEndian(packet[2..]) == packet.Length:
                transport = Network + Ipv4View.MinHeaderLength;
                break;
            case EtherType.Ipv6 when packet.Length >= Ipv6View.MinHeaderLength + TcpView.MinHeaderLength && packet[0] >> 4 == 6 && packet[6] == (byte)IpProtocol.Tcp
                && BinaryPrimitives.ReadUInt16BigEndian(packet[4..]) == packet.Length - Ipv6View.MinHeaderLength:
                transport = Network + Ipv6View.MinHeaderLength;
                break;
            default:
                return false;
        }

        ReadOnlySpan<byte> tcp = frame[transport..];
        int header = tcp[12] >> 4 << 2;
        segment = new Segment(transport, transport + header, tcp.Length - header, BinaryPrimitives.ReadUInt32BigEndian(tcp[TcpView.SequenceOffset..]), (TcpFlags)tcp[TcpView.FlagsOffset]);
        return header >= TcpView.MinHeaderLength && (tcp[12] & 0xF) == 0 && segment.PayloadLength >= SmallestPayload && (segment.Flags & ~TcpFlags.Push) == TcpFlags.Acknowledge;
    }

    private static bool Follows(in Decapsulator.Arrival one, in Segment first, in Decapsulator.Arrival other, in Segment next, int count, int total)
    {
        if (next.Transport != first.Transport || next.Payload != first.Payload || next.PayloadLength > first.PayloadLength
            || next.Sequence != first.Sequence + (uint)(count * first.PayloadLength) || total + next.PayloadLength - Network > ushort.MaxValue)
            return false;
        ReadOnlySpan<byte> ours = new(one.Data, first.Payload);
        ReadOnlySpan<byte> theirs = new(other.Data, first.Payload);
        int tcp = first.Transport;
        bool network = first.IsV6
            ? AreEqual(ours, theirs, 0, Network + 4) && AreEqual(ours, theirs, Network + 6, tcp)
            : AreEqual(ours, theirs, 0, Network + 2) && AreEqual(ours, theirs, Network + 6, Network + 10) && AreEqual(ours, theirs, Network + 12, tcp);

        // Ports; acknowledgement and length; window; urgent pointer and options.
        return network && AreEqual(ours, theirs, tcp, tcp + TcpView.SequenceOffset) && AreEqual(ours, theirs, tcp + 8, tcp + TcpView.FlagsOffset)
            && AreEqual(ours, theirs, tcp + 14, tcp + TcpView.ChecksumOffset) && AreEqual(ours, theirs, tcp + 18, first.Payload);
    }

    private static bool AreEqual(ReadOnlySpan<byte> one, ReadOnlySpan<byte> other, int from, int to) => one[from..to].SequenceEqual(other[from..to]);

    private static bool IsRight(in Decapsulator.Arrival arrival, in Segment segment)
    {
        ReadOnlySpan<byte> frame = new(arrival.Data, arrival.Length);
        if (!segment.IsV6 && InternetChecksum.Finish(InternetChecksum.Add(0, frame[Network..segment.Transport])) != 0)
            return false;
        return HeaderWriter.IsChecksumValid(frame[segment.Transport..], Addresses(frame, in segment), IpProtocol.Tcp);
    }

    private static ReadOnlySpan<byte> Addresses(ReadOnlySpan<byte> frame, in Segment segment) =>
        segment.IsV6 ? frame.Slice(Network + 8, 32) : frame.Slice(Network + 12, 8);

    private Frame Make(ReadOnlySpan<Decapsulator.Arrival> arrivals, in Segment first, int total, TcpFlags flags)
    {
        // SAFETY: pinned arrays, and as many places as a burst has frames.
        Span<byte> header = _headers.AsSpan(_used * HeaderPlace, first.Payload);
        new ReadOnlySpan<byte>(arrivals[0].Data, first.Payload).CopyTo(header);
        int packet = total - Network;
        if (first.IsV6)
        {
            BinaryPrimitives.WriteUInt16BigEndian(header[(Network + 4)..], (ushort)(packet - Ipv6View.MinHeaderLength));
        }
        else
        {
            Span<byte> network = header[Network..first.Transport];
            BinaryPrimitives.WriteUInt16BigEndian(network[2..], (ushort)packet);
            BinaryPrimitives.WriteUInt16BigEndian(network[10..], 0);
            BinaryPrimitives.WriteUInt16BigEndian(network[10..], InternetChecksum.Finish(InternetChecksum.Add(0, network)));
        }

        header[first.Transport + TcpView.FlagsOffset] = (byte)flags;
        ushort pseudo = (ushort)~InternetChecksum.Finish(InternetChecksum.PseudoHeader(Addresses(header, in first), IpProtocol.Tcp, total - first.Transport));
        BinaryPrimitives.WriteUInt16BigEndian(header[(first.Transport + TcpView.ChecksumOffset)..], pseudo);
        Span<FrameSegment> pieces = _pieces.AsSpan(_used * MostSegments, arrivals.Length);
        for (int i = 0; i < arrivals.Length; i++)
            pieces[i] = new FrameSegment((nint)(arrivals[i].Data + first.Payload), arrivals[i].Length - first.Payload);
        FrameOffload offload = new()
        {
            Flags = OffloadFlags.NeedsChecksum,
            Gso = first.IsV6 ? GsoType.TcpV6 : GsoType.TcpV4,
            GsoSize = (ushort)first.PayloadLength,
            HeaderLength = (ushort)first.Payload,
            ChecksumStart = (ushort)first.Transport,
            ChecksumOffset = TcpView.ChecksumOffset,
        };
        byte* head = (byte*)Marshal.UnsafeAddrOfPinnedArrayElement(_headers, _used * HeaderPlace);
        FrameSegment* rest = (FrameSegment*)Marshal.UnsafeAddrOfPinnedArrayElement(_pieces, _used * MostSegments);
        _used++;
        return new Frame(head, first.Payload, rest, arrivals.Length, total, in offload);
    }

    /// <summary>Where things are in a segment: positions in bytes from the start of the frame.</summary>
    private readonly record struct Segment(int Transport, int Payload, int PayloadLength, uint Sequence, TcpFlags Flags)
    {
        internal bool IsV6 => Transport == Network + Ipv6View.MinHeaderLength;
    }
}
