using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Fabric.Link;
using Fabric.Wire;

namespace Fabric.Routing.Forwarding;

/// <content>Fragments of IPv4 packets (RFC 791, 3.2).</content>
internal sealed unsafe partial class PortPath
{
    /// <summary>Room for one fragment's headers: Ethernet with a tag and the longest IPv4 header.</summary>
    private const int PieceLength = 96;
    private const ushort MoreFragments = 0x2000;
    private const ushort OffsetMask = 0x1FFF;
    private byte[]? _pieces;

    /// <summary>Sends a packet on in pieces, its headers rewritten already. What is ready leaves first, and the pieces before this returns.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private void Cut(in PacketItem item, in Frame frame, LogicalInterface link, IpAddress nextHop, bool isKnown)
    {
        int header = (_slots[item.Network] & 0xF) * 4;
        int length = item.Length - header;
        byte* payload = Join(in frame, item.LinkHeader + header, length);
        Complete(in item, frame.Offload, header, length);
        _pieces ??= GC.AllocateUninitializedArray<byte>(MaxBurst * PieceLength, pinned: true);
        Span<byte> later = stackalloc byte[60];
        int laterHeader = Ipv4Options.CopyForLater(_slots.AsSpan(item.Network, header), later);
        ushort field = BinaryPrimitives.ReadUInt16BigEndian(_slots.AsSpan(item.Network + FlagsV4));
        for (int at = 0; at < length;)
        {
            int own = at == 0 ? header : laterHeader;
            int size = Math.Min((link.Mtu - own) & ~7, length - at);
            bool more = at + size < length || (field & MoreFragments) != 0;
            Span<byte> piece = _pieces.AsSpan(_ready * PieceLength, link.HeaderLength + own);
            _slots.AsSpan(item.Network - link.HeaderLength, link.HeaderLength).CopyTo(piece);
            Span<byte> network = piece[link.HeaderLength..];
            (at == 0 ? _slots.AsSpan(item.Network, header) : later[..own]).CopyTo(network);
            WriteFragment(network, size, (ushort)((more ? MoreFragments : 0) | ((field & OffsetMask) + (at / 8))));

            // SAFETY: all three arrays are pinned; the pieces leave before any of them is used again.
            _rests[_ready] = new FrameSegment((nint)(payload + at), size);
            byte* head = (byte*)Marshal.UnsafeAddrOfPinnedArrayElement(_pieces, _ready * PieceLength);
            Leave(new Frame(head, piece.Length, _restsStart + _ready, 1, piece.Length + size, default), link, nextHop, isKnown);
            if (_ready == MaxBurst)
                Give();
            at += size;
        }

        Give();
    }

    /// <summary>Finishes a checksum that was left to the far end, which now sees pieces only.</summary>
    private void Complete(in PacketItem item, FrameOffload offload, int header, int length)
    {
        if ((offload.Flags & OffloadFlags.NeedsChecksum) == 0)
            return;
        int start = offload.ChecksumStart - item.LinkHeader - header;
        Span<byte> payload = _joined.AsSpan(0, length);

        // One that lies in the IP header, or behind the packet's end, cannot be finished: the far end drops the packet for it.
        if (start < 0 || start + offload.ChecksumOffset + sizeof(ushort) > length)
            return;
        ushort sum = InternetChecksum.Finish(InternetChecksum.Add(0, payload[start..]));
        BinaryPrimitives.WriteUInt16BigEndian(payload[(start + offload.ChecksumOffset)..], sum == 0 ? ushort.MaxValue : sum);
    }

    private static void WriteFragment(Span<byte> header, int payload, ushort field)
    {
        header[0] = (byte)(0x40 | (header.Length / 4));
        BinaryPrimitives.WriteUInt16BigEndian(header[2..], (ushort)(header.Length + payload));
        BinaryPrimitives.WriteUInt16BigEndian(header[FlagsV4..], field);
        BinaryPrimitives.WriteUInt16BigEndian(header[ChecksumV4..], 0);
        BinaryPrimitives.WriteUInt16BigEndian(header[ChecksumV4..], InternetChecksum.Finish(InternetChecksum.Add(0, header)));
    }
}
