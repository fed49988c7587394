using System.Buffers.Binary;

namespace Fabric.Wire;

/// <summary>An ICMP message (RFC 792) or an ICMPv6 message (RFC 4443, 2.1): type, code, checksum, one word, and the rest.</summary>
/// <remarks><see cref="TryParse"/> checks the length once; then no accessor can fail. The checksum is not checked there. The view does
/// not own its bytes.</remarks>
public readonly ref struct IcmpView
{
    /// <summary>Bytes up to the rest.</summary>
    public const int HeaderLength = 8;

    /// <summary>Where the checksum stands in the message.</summary>
    public const int ChecksumOffset = 2;

    private readonly ReadOnlySpan<byte> _message;

    private IcmpView(ReadOnlySpan<byte> message) => _message = message;

    /// <summary>The type, of an IPv4 message.</summary>
    public IcmpType Type => (IcmpType)_message[0];

    /// <summary>The type, of an IPv6 message.</summary>
    public Icmpv6Type TypeV6 => (Icmpv6Type)_message[0];

    /// <summary>Subtype.</summary>
    public byte Code => _message[1];

    /// <summary>Of an echo and its reply: which pinger it belongs to.</summary>
    public ushort Identifier => BinaryPrimitives.ReadUInt16BigEndian(_message[4..]);

    /// <summary>Of an echo and its reply: which echo of that pinger.</summary>
    public ushort SequenceNumber => BinaryPrimitives.ReadUInt16BigEndian(_message[6..]);

    /// <summary>The word between checksum and rest: MTU of a Packet Too Big, flags of Neighbor Discovery.</summary>
    public uint Word => BinaryPrimitives.ReadUInt32BigEndian(_message[4..]);

    /// <summary>The bytes behind the word: an echo's data, or the packet that an error is about.</summary>
    public ReadOnlySpan<byte> Rest => _message[HeaderLength..];

    /// <summary>The whole message.</summary>
    public ReadOnlySpan<byte> Message => _message;

    /// <summary>True when the checksum of an IPv4 message is right.</summary>
    public bool IsChecksumValid => InternetChecksum.Finish(InternetChecksum.Add(0, _message)) == 0;

    /// <summary>Checks a message.</summary>
    /// <param name="bytes">The payload of an IP packet.</param>
    /// <param name="view">The view.</param>
    /// <returns>False when the header is cut off.</returns>
    public static bool TryParse(ReadOnlySpan<byte> bytes, out IcmpView view)
    {
        bool valid = bytes.Length >= HeaderLength;
        view = valid ? new IcmpView(bytes) : default;
        return valid;
    }

    /// <summary>Tells whether the checksum of an IPv6 message is right (RFC 4443, 2.3).</summary>
    /// <param name="addresses">Source and destination, 32 bytes.</param>
    public bool IsChecksumValidV6(ReadOnlySpan<byte> addresses) =>
        InternetChecksum.Finish(InternetChecksum.Add(InternetChecksum.PseudoHeader(addresses, IpProtocol.IcmpV6, _message.Length), _message)) == 0;

    /// <summary>Writes the header in front of a rest that is in place; the checksum stays 0.</summary>
    /// <param name="message">At least <see cref="HeaderLength"/> bytes.</param>
    /// <param name="type">Type, of either family.</param>
    /// <param name="code">Subtype.</param>
    /// <param name="word">The second word; identifier and sequence number of an echo.</param>
    public static void WriteHeader(Span<byte> message, byte type, byte code, uint word)
    {
        message[0] = type;
        message[1] = code;
        BinaryPrimitives.WriteUInt16BigEndian(message[ChecksumOffset..], 0);
        BinaryPrimitives.WriteUInt32BigEndian(message[4..], word);
    }
}
