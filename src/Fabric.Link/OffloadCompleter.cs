using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Fabric.Wire;

namespace Fabric.Link;

// Finishing frames at an edge
//
// A guest with checksum and segmentation offload sends packets that are not yet fit for a wire: the transport checksum holds only the
// pseudo-header sum, and a packet of up to 64 KiB stands for many. Between ports that negotiated the same, such frames travel as they
// are. At a port that did not (firmware, an old driver, a real wire) this class does in software what the offload header asks for:
//
//   NEEDS_CSUM   The ones' complement sum from ChecksumStart to the end is stored at ChecksumStart + ChecksumOffset (virtio 1.2,
//                5.1.6.2). For UDP 0 is sent as 0xFFFF, the same number, as 0 means "no checksum" there (RFC 768).
//   TCP          The payload is cut every GsoSize bytes. Each segment has the headers of the whole with its own lengths and sequence
//                number; FIN and PSH stay on the last one, CWR on the first (RFC 3168, 6.1.2). IPv4 identifications count up.
//   UDP          The same, each datagram with its own length.
//
// The header comes from a guest and may say anything. The frame is copied first, so that the guest cannot change what was checked;
// then the offload header must agree with the frame's own headers (SuperFrame), or the frame is dropped. A partial checksum may
// be stored only behind the IP header: otherwise a guest could have addresses rewritten after a filter has seen them. Checksums of
// segments are computed afresh and do not rely on what the guest left in the field.
//
// A segment is two pieces: its headers, in one of 32 small buffers, and a view into the copy. Nothing is allocated per frame.

/// <summary>Completes checksums and cuts super-frames for ports that cannot carry them.</summary>
/// <remarks>One thread at a time.</remarks>
public sealed unsafe class OffloadCompleter
{
    private const int MaxBurst = IPort.MaxBurst;
    private readonly byte[] _copy = GC.AllocateUninitializedArray<byte>(Frame.MaxLength, pinned: true);
    private readonly byte[] _headers = GC.AllocateUninitializedArray<byte>(MaxBurst * SuperFrame.MaxHeaderLength, pinned: true);
    private readonly FrameSegment[] _payloads = GC.AllocateUninitializedArray<FrameSegment>(MaxBurst, pinned: true);
    private readonly Frame[] _segments = new Frame[MaxBurst];

    /// <summary>Transmits frames in their order, each finished as far as the port needs it.</summary>
    /// <param name="port">Where they go.</param>
    /// <param name="frames">Up to <see cref="IPort.MaxBurst"/> frames.</param>
    /// <returns>The frames dropped here, and to be counted by the caller, as <see cref="DropReason.BadOffload"/>: bit n is frame n.</returns>
    public uint Transmit(IPort port, ReadOnlySpan<Frame> frames)
    {
        FrameOffloads accepts = port.Accepts;
        uint bad = 0;
        int start = 0;
        for (int i = 0; i < frames.Length; i++)
        {
            if (frames[i].Offload.IsCarriedBy(accepts))
                continue;
            if (i > start)
                port.Transmit(frames[start..i]);
            if (!TryFinish(port, in frames[i]))
                bad |= 1U << i;
            start = i + 1;
        }

        if (start < frames.Length)
            port.Transmit(frames[start..]);
        return bad;
    }

    private bool TryFinish(IPort port, in Frame frame)
    {
        FrameOffload offload = frame.Offload;
        if (frame.Length > Frame.MaxLength || !offload.IsConsistent(frame.Length) || frame.CopyTo(0, _copy) != frame.Length)
            return false;
        Span<byte> copy = _copy.AsSpan(0, frame.Length);
        if (offload.Gso != GsoType.None)
        {
            if (!SuperFrame.TryParse(copy, in offload, out SuperFrame layout))
                return false;
            Cut(port, copy, in layout, offload.GsoSize);
            return true;
        }

        if (!IsBehindNetworkHeader(copy, offload.ChecksumStart))
            return false;
        ushort sum = InternetChecksum.Finish(InternetChecksum.Add(0, copy[offload.ChecksumStart..]));
        BinaryPrimitives.WriteUInt16BigEndian(copy[(offload.ChecksumStart + offload.ChecksumOffset)..], sum == 0 && offload.ChecksumOffset == UdpView.ChecksumOffset ? ushort.MaxValue : sum);
        port.Transmit([new Frame(AddressOf(_copy, 0), copy.Length)]);
        return true;
    }

    private static bool IsBehindNetworkHeader(ReadOnlySpan<byte> frame, int position)
    {
        if (!EthernetView.TryParse(frame, out EthernetView ethernet))
            return false;
        int header = ethernet.EtherType switch
        {
            EtherType.Ipv4 => Ipv4View.TryParse(ethernet.Payload, out Ipv4View v4) ? v4.HeaderLength : int.MaxValue,
            EtherType.Ipv6 => Ipv6View.TryParse(ethernet.Payload, out Ipv6View v6) ? v6.HeaderLength : int.MaxValue,
            _ => 0,
        };
        return position - ethernet.HeaderLength >= header;
    }

    private void Cut(IPort port, ReadOnlySpan<byte> whole, in SuperFrame layout, int segmentSize)
    {
        int count = 0;
        int index = 0;
        for (int position = layout.Payload; position < whole.Length; position += segmentSize, index++)
        {
            int size = Math.Min(segmentSize, whole.Length - position);
            Span<byte> header = _headers.AsSpan(count * SuperFrame.MaxHeaderLength, layout.Payload);
            whole[..layout.Payload].CopyTo(header);
            PatchNetwork(header, in layout, index, size);
            if (layout.IsTcp)
                PatchTcp(header[layout.Transport..], index, segmentSize, isLast: position + size == whole.Length);
            else
                BinaryPrimitives.WriteUInt16BigEndian(header[(layout.Transport + UdpView.LengthOffset)..], (ushort)(UdpView.HeaderLength + size));
            PatchChecksum(header, in layout, whole.Slice(position, size));
            _payloads[count] = new FrameSegment((nint)AddressOf(_copy, position), size);
            // SAFETY: all three arrays are pinned and live as long as this object; the header buffer holds layout.Payload bytes.
            _segments[count] = new Frame(
                AddressOf(_headers, count * SuperFrame.MaxHeaderLength),
                layout.Payload,
                (FrameSegment*)Marshal.UnsafeAddrOfPinnedArrayElement(_payloads, count),
                1,
                layout.Payload + size,
                default);
            if (++count == MaxBurst)
            {
                port.Transmit(_segments);
                count = 0;
            }
        }

        if (count != 0)
            port.Transmit(_segments.AsSpan(0, count));
    }

    private static void PatchNetwork(Span<byte> header, in SuperFrame layout, int index, int size)
    {
        Span<byte> network = header[layout.Network..layout.Transport];
        int length = layout.Payload - layout.Network + size;
        if (layout.IsV6)
        {
            BinaryPrimitives.WriteUInt16BigEndian(network[4..], (ushort)(length - Ipv6View.MinHeaderLength));
            return;
        }

        BinaryPrimitives.WriteUInt16BigEndian(network[2..], (ushort)length);
        BinaryPrimitives.WriteUInt16BigEndian(network[4..], (ushort)(BinaryPrimitives.ReadUInt16BigEndian(network[4..]) + index));
        BinaryPrimitives.WriteUInt16BigEndian(network[10..], 0);
        BinaryPrimitives.WriteUInt16BigEndian(network[10..], InternetChecksum.Finish(InternetChecksum.Add(0, network)));
    }

    private static void PatchTcp(Span<byte> tcp, int index, int segmentSize, bool isLast)
    {
        uint sequence = BinaryPrimitives.ReadUInt32BigEndian(tcp[TcpView.SequenceOffset..]);
        BinaryPrimitives.WriteUInt32BigEndian(tcp[TcpView.SequenceOffset..], sequence + (uint)(index * segmentSize));
        TcpFlags flags = (TcpFlags)tcp[TcpView.FlagsOffset];
        if (!isLast)
            flags &= ~(TcpFlags.Finish | TcpFlags.Push);
        if (index != 0)
            flags &= ~TcpFlags.CongestionWindowReduced;
        tcp[TcpView.FlagsOffset] = (byte)flags;
    }

    private static void PatchChecksum(Span<byte> header, in SuperFrame layout, ReadOnlySpan<byte> payload)
    {
        Span<byte> transport = header[layout.Transport..];
        Span<byte> field = transport[(layout.IsTcp ? TcpView.ChecksumOffset : UdpView.ChecksumOffset)..];
        BinaryPrimitives.WriteUInt16BigEndian(field, 0);
        ReadOnlySpan<byte> addresses = layout.IsV6 ? header.Slice(layout.Network + 8, 32) : header.Slice(layout.Network + 12, 8);
        ulong sum = InternetChecksum.PseudoHeader(addresses, layout.IsTcp ? IpProtocol.Tcp : IpProtocol.Udp, transport.Length + payload.Length);
        ushort checksum = InternetChecksum.Finish(InternetChecksum.Add(InternetChecksum.Add(sum, transport), payload));
        BinaryPrimitives.WriteUInt16BigEndian(field, checksum == 0 && !layout.IsTcp ? ushort.MaxValue : checksum);
    }

    // SAFETY: only for the pinned arrays above, with an index inside them.
    private static byte* AddressOf(byte[] pinned, int index) => (byte*)Marshal.UnsafeAddrOfPinnedArrayElement(pinned, index);
}
