using System.Buffers.Binary;

namespace Fabric.Wire;

/// <summary>A UDP datagram (RFC 768).</summary>
/// <remarks><see cref="TryParse"/> checks the lengths once; then no accessor can fail. The checksum is not checked. The view does not
/// own its bytes.</remarks>
public readonly ref struct UdpView
{
    /// <summary>Bytes of the header.</summary>
    public const int HeaderLength = 8;

    /// <summary>Where the length stands in the header.</summary>
    public const int LengthOffset = 4;

    /// <summary>Where the checksum stands in the header.</summary>
    public const int ChecksumOffset = 6;

    private readonly ReadOnlySpan<byte> _datagram;

    private UdpView(ReadOnlySpan<byte> datagram) => _datagram = datagram;

    /// <summary>Port it comes from.</summary>
    public ushort SourcePort => BinaryPrimitives.ReadUInt16BigEndian(_datagram);

    /// <summary>Port it goes to.</summary>
    public ushort DestinationPort => BinaryPrimitives.ReadUInt16BigEndian(_datagram[2..]);

    /// <summary>False when the sender left the checksum out (zero), which only IPv4 allows.</summary>
    public bool HasChecksum => BinaryPrimitives.ReadUInt16BigEndian(_datagram[ChecksumOffset..]) != 0;

    /// <summary>Header and payload.</summary>
    public ReadOnlySpan<byte> Datagram => _datagram;

    /// <summary>Bytes of header and payload.</summary>
    public int Length => _datagram.Length;

    /// <summary>The bytes after the header.</summary>
    public ReadOnlySpan<byte> Payload => _datagram[HeaderLength..];

    /// <summary>Checks a datagram.</summary>
    /// <param name="bytes">The payload of an IP packet; bytes after the datagram's length are ignored.</param>
    /// <param name="view">The view.</param>
    /// <returns>False when the header or the payload is cut off.</returns>
    public static bool TryParse(ReadOnlySpan<byte> bytes, out UdpView view)
    {
        int length = bytes.Length < HeaderLength ? 0 : BinaryPrimitives.ReadUInt16BigEndian(bytes[LengthOffset..]);
        bool valid = length >= HeaderLength && length <= bytes.Length;
        view = valid ? new UdpView(bytes[..length]) : default;
        return valid;
    }
}
