using System.Buffers.Binary;
using Fabric.Link;

namespace Fabric.Virtio;

/// <summary>virtio_net_hdr (virtio 1.2, section 5.1.6): twelve little-endian bytes before each frame.</summary>
internal static class NetHeader
{
    /// <summary>Length in bytes; with VERSION_1 num_buffers is always there (section 5.1.6.1).</summary>
    internal const int Length = 12;

    private const int FlagsField = 0;
    private const int GsoTypeField = 1;
    private const int HeaderLengthField = 2;
    private const int GsoSizeField = 4;
    private const int ChecksumStartField = 6;
    private const int ChecksumOffsetField = 8;
    private const int BufferCountField = 10;

    /// <summary>Reads the header of a frame that the driver sends, and checks it against the frame and the features.</summary>
    /// <param name="header">A host copy of the header.</param>
    /// <param name="features">The features agreed on.</param>
    /// <param name="frameLength">Length of the frame behind the header in bytes.</param>
    /// <param name="offload">What the frame still needs.</param>
    /// <returns>False when the header asks for what was not agreed on or contradicts the frame (section 5.1.6.2).</returns>
    internal static bool TryRead(ReadOnlySpan<byte> header, ulong features, int frameLength, out FrameOffload offload)
    {
        offload = default;
        if (((OffloadFlags)header[FlagsField] & OffloadFlags.NeedsChecksum) != 0)
        {
            offload.Flags = OffloadFlags.NeedsChecksum;
            offload.ChecksumStart = BinaryPrimitives.ReadUInt16LittleEndian(header[ChecksumStartField..]);
            offload.ChecksumOffset = BinaryPrimitives.ReadUInt16LittleEndian(header[ChecksumOffsetField..]);
            if ((features & NetFeatures.Checksum) == 0 || offload.ChecksumStart + offload.ChecksumOffset + sizeof(ushort) > frameLength)
                return false;
        }

        offload.Gso = (GsoType)header[GsoTypeField];
        if (offload.Gso == GsoType.None)
            return true;
        offload.HeaderLength = BinaryPrimitives.ReadUInt16LittleEndian(header[HeaderLengthField..]);
        offload.GsoSize = BinaryPrimitives.ReadUInt16LittleEndian(header[GsoSizeField..]);
        ulong needed = Needed(offload.Gso);
        // 5.1.6.2.1: GSO goes with NEEDS_CSUM and a segment size; hdr_len is a hint, but never one beyond the frame.
        return needed != 0 && (features & needed) == needed && offload.Flags == OffloadFlags.NeedsChecksum
            && offload.GsoSize != 0 && offload.HeaderLength <= frameLength;
    }

    /// <summary>Writes the header of a frame for the driver.</summary>
    /// <param name="header">Twelve bytes, filled.</param>
    /// <param name="offload">What the frame still needs; the driver agreed to it.</param>
    /// <param name="buffers">Number of buffers the frame is spread over (section 5.1.6.4).</param>
    internal static void Write(Span<byte> header, in FrameOffload offload, int buffers)
    {
        header[..Length].Clear();
        if ((offload.Flags & OffloadFlags.NeedsChecksum) != 0)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(header[ChecksumStartField..], offload.ChecksumStart);
            BinaryPrimitives.WriteUInt16LittleEndian(header[ChecksumOffsetField..], offload.ChecksumOffset);
        }

        header[FlagsField] = (byte)(offload.Flags & (OffloadFlags.NeedsChecksum | OffloadFlags.DataValid));
        if (offload.Gso != GsoType.None)
        {
            header[GsoTypeField] = (byte)offload.Gso;
            BinaryPrimitives.WriteUInt16LittleEndian(header[HeaderLengthField..], offload.HeaderLength);
            BinaryPrimitives.WriteUInt16LittleEndian(header[GsoSizeField..], offload.GsoSize);
        }

        BinaryPrimitives.WriteUInt16LittleEndian(header[BufferCountField..], (ushort)buffers);
    }

    /// <summary>What a driver with these features can take, in the terms of a port.</summary>
    /// <param name="features">The features agreed on.</param>
    internal static FrameOffloads AcceptedBy(ulong features)
    {
        if ((features & NetFeatures.GuestChecksum) == 0)
            return FrameOffloads.None;
        FrameOffloads accepted = FrameOffloads.Checksum;
        if ((features & NetFeatures.GuestTso4) != 0)
            accepted |= FrameOffloads.TcpV4;
        if ((features & NetFeatures.GuestTso6) != 0)
            accepted |= FrameOffloads.TcpV6;
        if ((features & NetFeatures.GuestEcn) != 0)
            accepted |= FrameOffloads.Ecn;
        const ulong uso = NetFeatures.GuestUso4 | NetFeatures.GuestUso6;
        return (features & uso) == uso ? accepted | FrameOffloads.Udp : accepted;
    }

    private static ulong Needed(GsoType type) => type switch
    {
        GsoType.TcpV4 => NetFeatures.HostTso4,
        GsoType.TcpV6 => NetFeatures.HostTso6,
        GsoType.TcpV4 | GsoType.Ecn => NetFeatures.HostTso4 | NetFeatures.HostEcn,
        GsoType.TcpV6 | GsoType.Ecn => NetFeatures.HostTso6 | NetFeatures.HostEcn,
        GsoType.UdpL4 => NetFeatures.HostUso,
        _ => 0,
    };
}
