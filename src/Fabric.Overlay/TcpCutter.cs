using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using Fabric.Link;
using Fabric.Wire;

namespace Fabric.Overlay;

// Most of what a tunnel carries are TCP super-frames in one piece behind plain headers, and each of their bytes passes here. So they are
// cut where they lie: every segment is headers of its own, made from one copy of those of the whole, and a view of its part of the
// payload, which is read once, for its checksum. A guest that changes the payload meanwhile gets a wrong checksum for it; all else is
// decided by the copy. OffloadCompleter makes the same segments out of every other frame, and says what they must look like.

/// <summary>Cuts a TCP super-frame into VXLAN packets.</summary>
internal unsafe struct TcpCutter
{
    private const int Network = EthernetView.MinHeaderLength;
    private const int Vxlan = VxlanView.HeaderLength;

    /// <summary>Least payload of a segment: no stack sends smaller ones (see OffloadCompleter).</summary>
    private const int SmallestSegment = 48;

    private const TcpFlags LastOnly = TcpFlags.Finish | TcpFlags.Push;
    private byte* _headers;
    private int _transport;
    private ushort _identification;
    private uint _sequence;
    private byte _dataOffset;
    private TcpFlags _flags;
    private ulong _networkSum;
    private ulong _transportSum;

    /// <summary>Bytes of the headers from Ethernet to TCP: where the payload begins.</summary>
    internal int Payload { get; private set; }

    /// <summary>Payload bytes of each segment but the last.</summary>
    internal int SegmentSize { get; private set; }

    /// <summary>Bytes of the longest segment from its IP header on.</summary>
    internal readonly int LongestPacket(int frameLength) => Math.Min(frameLength - Payload, SegmentSize) + Payload - Network;

    /// <summary>Finds out whether a frame can be cut here.</summary>
    /// <param name="head">A copy of its first bytes, as many as any headers without options of IP have, or all of it.</param>
    /// <param name="frame">Its length and offload, which is consistent.</param>
    /// <param name="cutter">What was found; <see cref="Begin"/> makes it ready.</param>
    /// <returns>False for other frames, also for those that are wrong.</returns>
    internal static bool TryParse(ReadOnlySpan<byte> head, in Frame frame, out TcpCutter cutter)
    {
        cutter = default;
        FrameOffload offload = frame.Offload;
        GsoType kind = offload.Gso & ~GsoType.Ecn;
        if (kind is not (GsoType.TcpV4 or GsoType.TcpV6) || offload.GsoSize < SmallestSegment || offload.ChecksumOffset != TcpView.ChecksumOffset)
            return false;
        bool isV6 = kind == GsoType.TcpV6;
        int transport = Network + (isV6 ? Ipv6View.MinHeaderLength : Ipv4View.MinHeaderLength);
        if (offload.ChecksumStart != transport || head.Length < transport + TcpView.MinHeaderLength || !IsPlain(head, isV6, frame.Length))
            return false;
        int header = head[transport + 12] >> 4 << 2;
        TcpFlags flags = (TcpFlags)head[transport + TcpView.FlagsOffset];
        cutter._transport = transport;
        cutter.Payload = transport + header;
        cutter.SegmentSize = offload.GsoSize;
        return header >= TcpView.MinHeaderLength && cutter.Payload <= head.Length && cutter.Payload < frame.Length && (flags & TcpFlags.Synchronize) == 0;
    }

    /// <summary>Puts the VXLAN header in front of the copied headers, and takes out of them what differs between segments.</summary>
    /// <param name="headers">The copy given to <see cref="TryParse"/>, with room for a VXLAN header in front; stays as it is until all
    /// segments are written.</param>
    /// <param name="vni">The segment.</param>
    internal void Begin(byte* headers, int vni)
    {
        _headers = headers - Vxlan;
        VxlanView.Write(new Span<byte>(_headers, Vxlan), vni);
        Span<byte> network = new(headers + Network, _transport - Network);
        Span<byte> tcp = new(headers + _transport, Payload - _transport);
        bool isV6 = _transport == Network + Ipv6View.MinHeaderLength;
        if (!isV6)
        {
            _identification = BinaryPrimitives.ReadUInt16BigEndian(network[4..]);
            network.Slice(2, 4).Clear();
            network.Slice(10, 2).Clear();
            _networkSum = InternetChecksum.Add(0, network);
        }

        _sequence = BinaryPrimitives.ReadUInt32BigEndian(tcp[TcpView.SequenceOffset..]);
        _dataOffset = tcp[12];
        _flags = (TcpFlags)tcp[TcpView.FlagsOffset];
        tcp.Slice(TcpView.SequenceOffset, sizeof(uint)).Clear();
        tcp.Slice(12, 2).Clear();
        tcp.Slice(TcpView.ChecksumOffset, 2).Clear();
        _transportSum = InternetChecksum.Add(InternetChecksum.PseudoHeader(isV6 ? network.Slice(8, 32) : network.Slice(12, 8), IpProtocol.Tcp, 0), tcp);
    }

    /// <summary>Writes the headers of a segment.</summary>
    /// <param name="place">Room for a VXLAN header and <see cref="Payload"/> bytes.</param>
    /// <param name="index">Which segment, from 0 on.</param>
    /// <param name="payload">Its payload.</param>
    /// <param name="isLast">Whether it is the last one.</param>
    internal readonly void Write(byte* place, int index, ReadOnlySpan<byte> payload, bool isLast)
    {
        Unsafe.CopyBlockUnaligned(place, _headers, (uint)(Vxlan + Payload));
        int length = Payload - Network + payload.Length;
        byte* network = place + Vxlan + Network;
        if (_transport == Network + Ipv6View.MinHeaderLength)
        {
            Store(network + 4, (ushort)(length - Ipv6View.MinHeaderLength));
        }
        else
        {
            ushort identification = (ushort)(_identification + index);
            Store(network + 2, (ushort)length);
            Store(network + 4, identification);
            Store(network + 10, InternetChecksum.Finish(_networkSum + Swap((ushort)length) + Swap(identification)));
        }

        byte* tcp = place + Vxlan + _transport;
        TcpFlags flags = _flags & ~((isLast ? 0 : LastOnly) | (index == 0 ? 0 : TcpFlags.CongestionWindowReduced));
        ushort word = (ushort)((_dataOffset << 8) | (byte)flags);
        uint sequence = BinaryPrimitives.ReverseEndianness(_sequence + (uint)(index * SegmentSize));
        Unsafe.WriteUnaligned(tcp + TcpView.SequenceOffset, sequence);
        Store(tcp + 12, word);
        ulong sum = _transportSum + sequence + Swap(word) + Swap((ushort)(Payload - _transport + payload.Length));
        Store(tcp + TcpView.ChecksumOffset, InternetChecksum.Finish(InternetChecksum.Add(sum, payload)));
    }

    /// <summary>One whole TCP packet without options of IP or tags.</summary>
    private static bool IsPlain(ReadOnlySpan<byte> head, bool isV6, int length)
    {
        EtherType type = (EtherType)BinaryPrimitives.ReadUInt16BigEndian(head[(2 * MacAddress.Length)..]);
        ReadOnlySpan<byte> packet = head[Network..];
        length -= Network;
        return isV6
            ? type == EtherType.Ipv6 && packet[0] >> 4 == 6 && packet[6] == (byte)IpProtocol.Tcp
                && BinaryPrimitives.ReadUInt16BigEndian(packet[4..]) == length - Ipv6View.MinHeaderLength
            : type == EtherType.Ipv4 && packet[0] == 0x45 && packet[9] == (byte)IpProtocol.Tcp && (BinaryPrimitives.ReadUInt16BigEndian(packet[6..]) & 0x3FFF) == 0
                && BinaryPrimitives.ReadUInt16BigEndian(packet[2..]) == length;
    }

    private static ushort Swap(ushort value) => BinaryPrimitives.ReverseEndianness(value);

    private static void Store(byte* place, ushort value) => Unsafe.WriteUnaligned(place, Swap(value));
}
