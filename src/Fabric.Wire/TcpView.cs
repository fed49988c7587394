using System.Buffers.Binary;

namespace Fabric.Wire;

/// <summary>A TCP segment (RFC 9293, 3.1).</summary>
/// <remarks><see cref="TryParse"/> checks the lengths once; then no accessor can fail. The checksum is not checked. The view does not
/// own its bytes.</remarks>
public readonly ref struct TcpView
{
    /// <summary>Bytes of a header without options.</summary>
    public const int MinHeaderLength = 20;

    /// <summary>Where the sequence number stands in the header.</summary>
    public const int SequenceOffset = 4;

    /// <summary>Where the flags stand in the header.</summary>
    public const int FlagsOffset = 13;

    /// <summary>Where the checksum stands in the header.</summary>
    public const int ChecksumOffset = 16;

    private readonly ReadOnlySpan<byte> _segment;

    private TcpView(ReadOnlySpan<byte> segment, int headerLength)
    {
        _segment = segment;
        HeaderLength = headerLength;
    }

    /// <summary>Bytes of the header with its options: 20 … 60.</summary>
    public int HeaderLength { get; }

    /// <summary>Port it comes from.</summary>
    public ushort SourcePort => BinaryPrimitives.ReadUInt16BigEndian(_segment);

    /// <summary>Port it goes to.</summary>
    public ushort DestinationPort => BinaryPrimitives.ReadUInt16BigEndian(_segment[2..]);

    /// <summary>Number of the byte expected next from the other side; counts with <see cref="TcpFlags.Acknowledge"/>.</summary>
    public uint AcknowledgementNumber => BinaryPrimitives.ReadUInt32BigEndian(_segment[8..]);

    /// <summary>Bytes the sender takes from the acknowledgement number on, not scaled.</summary>
    public ushort Window => BinaryPrimitives.ReadUInt16BigEndian(_segment[14..]);

    /// <summary>The options as they stand; nothing in them is checked.</summary>
    public ReadOnlySpan<byte> Options => _segment[MinHeaderLength..HeaderLength];

    /// <summary>Number of the first payload byte.</summary>
    public uint SequenceNumber => BinaryPrimitives.ReadUInt32BigEndian(_segment[SequenceOffset..]);

    /// <summary>Control bits.</summary>
    public TcpFlags Flags => (TcpFlags)_segment[FlagsOffset];

    /// <summary>The bytes after the header.</summary>
    public ReadOnlySpan<byte> Payload => _segment[HeaderLength..];

    /// <summary>Checks a segment.</summary>
    /// <param name="bytes">The payload of an IP packet.</param>
    /// <param name="view">The view.</param>
    /// <returns>False when the header is cut off or its length impossible.</returns>
    public static bool TryParse(ReadOnlySpan<byte> bytes, out TcpView view)
    {
        int header = bytes.Length < MinHeaderLength ? 0 : (bytes[12] >> 4) * 4;
        bool valid = header >= MinHeaderLength && header <= bytes.Length;
        view = valid ? new TcpView(bytes, header) : default;
        return valid;
    }
}
