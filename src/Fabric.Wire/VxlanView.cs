using System.Buffers.Binary;

namespace Fabric.Wire;

/// <summary>A VXLAN packet: the payload of a UDP datagram (RFC 7348, 5).</summary>
/// <remarks><see cref="TryParse"/> checks once; then no accessor can fail. Reserved bits are ignored, as RFC 7348 asks of a receiver. The
/// view does not own its bytes.</remarks>
public readonly ref struct VxlanView
{
    /// <summary>Bytes of the header.</summary>
    public const int HeaderLength = 8;

    /// <summary>UDP port that IANA assigned; Linux's own default is 8472.</summary>
    public const ushort DefaultPort = 4789;

    /// <summary>Largest VXLAN network identifier: 24 bits.</summary>
    public const int MaxVni = 0xFF_FFFF;

    private const byte ValidVni = 0x08;
    private readonly ReadOnlySpan<byte> _packet;

    private VxlanView(ReadOnlySpan<byte> packet) => _packet = packet;

    /// <summary>VXLAN network identifier: the segment that the frame belongs to.</summary>
    public int Vni => (int)(BinaryPrimitives.ReadUInt32BigEndian(_packet[4..]) >> 8);

    /// <summary>The inner Ethernet frame without FCS; may be too short to be one.</summary>
    public ReadOnlySpan<byte> Frame => _packet[HeaderLength..];

    /// <summary>Checks a packet.</summary>
    /// <param name="bytes">The payload of a UDP datagram.</param>
    /// <param name="view">The view.</param>
    /// <returns>False when the header is cut off, or the I flag is not set and there is no valid identifier.</returns>
    public static bool TryParse(ReadOnlySpan<byte> bytes, out VxlanView view)
    {
        bool valid = bytes.Length >= HeaderLength && (bytes[0] & ValidVni) != 0;
        view = valid ? new VxlanView(bytes) : default;
        return valid;
    }

    /// <summary>Writes a header, all reserved bits 0.</summary>
    /// <param name="destination">At least <see cref="HeaderLength"/> bytes.</param>
    /// <param name="vni">0 … <see cref="MaxVni"/>.</param>
    public static void Write(Span<byte> destination, int vni)
    {
        BinaryPrimitives.WriteUInt32BigEndian(destination, (uint)ValidVni << 24);
        BinaryPrimitives.WriteUInt32BigEndian(destination[4..], (uint)vni << 8);
    }
}
