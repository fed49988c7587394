using System.Buffers.Binary;

namespace Fabric.Wire;

/// <summary>A packet of RIP version 1 or 2 (RFC 1058, 3.1; RFC 2453, 4; RFC 4822, 2) or of RIPng (RFC 2080, 2.1).</summary>
/// <remarks><see cref="TryParse"/> and <see cref="TryParseNg"/> check lengths once; then no accessor can fail. What the entries say is not
/// checked. An authentication entry at the front and its trailer are not among the entries. The view does not own its bytes.</remarks>
public readonly ref struct RipView
{
    /// <summary>UDP port of RIP.</summary>
    public const ushort Port = 520;

    /// <summary>UDP port of RIPng.</summary>
    public const ushort PortNg = 521;

    /// <summary>Bytes of the header.</summary>
    public const int HeaderLength = 4;

    /// <summary>Bytes of an entry, in all versions.</summary>
    public const int EntryLength = 20;

    /// <summary>Most entries of a packet of version 1 or 2, one for authentication included.</summary>
    public const int MaxEntries = 25;

    /// <summary>Bytes of the trailer in front of the digest.</summary>
    public const int TrailerLength = 4;

    /// <summary>Bytes of a password.</summary>
    public const int PasswordLength = 16;

    /// <summary>The metric of what cannot be reached.</summary>
    public const byte Infinity = 16;

    internal const ushort AuthenticationFamily = 0xFFFF;
    private readonly ReadOnlySpan<byte> _packet;
    private readonly int _start;
    private readonly int _end;

    private RipView(ReadOnlySpan<byte> packet, int start, int end, RipAuthenticationType authentication)
    {
        _packet = packet;
        _start = start;
        _end = end;
        Authentication = authentication;
    }

    /// <summary>224.0.0.9, every RIP router of the link (RFC 2453, 4.5).</summary>
    public static IpAddress Group => IpAddress.FromV4(0xE000_0009);

    /// <summary>ff02::9, every RIPng router of the link (RFC 2080, 2.5.1).</summary>
    public static IpAddress GroupNg => IpAddress.FromV6(new UInt128(0xFF02_0000_0000_0000, 9));

    /// <summary>Request, response, or another that is to be ignored.</summary>
    public RipCommand Command => (RipCommand)_packet[0];

    /// <summary>1 or 2; 1 for RIPng.</summary>
    public byte Version => _packet[1];

    /// <summary>The two octets behind the version, which version 1 wants to be zero.</summary>
    public ushort Unused => BinaryPrimitives.ReadUInt16BigEndian(_packet[2..]);

    /// <summary>The first entry's authentication.</summary>
    public RipAuthenticationType Authentication { get; }

    /// <summary>The password, filled up with zeros; of <see cref="RipAuthenticationType.Password"/> only.</summary>
    public ReadOnlySpan<byte> Password => _packet.Slice(HeaderLength + 4, PasswordLength);

    /// <summary>Number of the key; of <see cref="RipAuthenticationType.Cryptographic"/> only.</summary>
    public byte KeyId => _packet[HeaderLength + 6];

    /// <summary>The length of the digest as the packet gives it, which some senders count with its header; of
    /// <see cref="RipAuthenticationType.Cryptographic"/> only.</summary>
    public byte DigestLength => _packet[HeaderLength + 7];

    /// <summary>The sequence number; of <see cref="RipAuthenticationType.Cryptographic"/> only.</summary>
    public uint Sequence => BinaryPrimitives.ReadUInt32BigEndian(_packet[(HeaderLength + 8)..]);

    /// <summary>The digest as it stands in the trailer; of <see cref="RipAuthenticationType.Cryptographic"/> only.</summary>
    public ReadOnlySpan<byte> Digest => _packet[(_end + TrailerLength)..];

    /// <summary>What the digest covers, up to and with the trailer's header; of <see cref="RipAuthenticationType.Cryptographic"/> only.</summary>
    public ReadOnlySpan<byte> Signed => _packet[..(_end + TrailerLength)];

    /// <summary>The entries, <see cref="EntryLength"/> bytes each.</summary>
    public ReadOnlySpan<byte> Entries => _packet[_start.._end];

    /// <summary>Number of entries.</summary>
    public int Count => (_end - _start) / EntryLength;

    /// <summary>True when it asks for the whole table: one entry, no address family, the metric 16 (RFC 2453, 3.9.1; RFC 2080, 2.4.1).</summary>
    public bool IsWholeTable => Count == 1 && Entries[..(EntryLength - 1)].IndexOfAnyExcept((byte)0) < 0 && Entries[EntryLength - 1] == Infinity;

    /// <summary>Checks a packet of version 1 or 2.</summary>
    /// <param name="bytes">The payload of a UDP datagram to or from <see cref="Port"/>.</param>
    /// <param name="view">The view.</param>
    /// <returns>False when it is cut off: the header, an entry, or a trailer.</returns>
    public static bool TryParse(ReadOnlySpan<byte> bytes, out RipView view)
    {
        view = default;
        if (bytes.Length < HeaderLength)
            return false;
        bool authenticated = bytes[1] != 1 && bytes.Length >= HeaderLength + EntryLength && BinaryPrimitives.ReadUInt16BigEndian(bytes[HeaderLength..]) == AuthenticationFamily;
        RipAuthenticationType type = authenticated ? (RipAuthenticationType)BinaryPrimitives.ReadUInt16BigEndian(bytes[(HeaderLength + 2)..]) : RipAuthenticationType.None;
        int start = authenticated ? HeaderLength + EntryLength : HeaderLength;
        int end = bytes.Length;
        if (type == RipAuthenticationType.Cryptographic)
        {
            end = BinaryPrimitives.ReadUInt16BigEndian(bytes[(HeaderLength + 4)..]);
            if (end < start || end + TrailerLength > bytes.Length
                || BinaryPrimitives.ReadUInt32BigEndian(bytes[end..]) != (((uint)AuthenticationFamily << 16) | (uint)RipAuthenticationType.Trailer))
                return false;
        }

        if ((end - start) % EntryLength != 0)
            return false;
        view = new RipView(bytes, start, end, type);
        return true;
    }

    /// <summary>Checks a packet of RIPng.</summary>
    /// <param name="bytes">The payload of a UDP datagram to or from <see cref="PortNg"/>.</param>
    /// <param name="view">The view.</param>
    /// <returns>False when the header or an entry is cut off.</returns>
    public static bool TryParseNg(ReadOnlySpan<byte> bytes, out RipView view)
    {
        bool valid = bytes.Length >= HeaderLength && (bytes.Length - HeaderLength) % EntryLength == 0;
        view = valid ? new RipView(bytes, HeaderLength, bytes.Length, RipAuthenticationType.None) : default;
        return valid;
    }

    /// <summary>An entry of version 1 or 2.</summary>
    /// <param name="index">0 … <see cref="Count"/> − 1.</param>
    public RipEntryView Entry(int index) => new(Entries.Slice(index * EntryLength, EntryLength));

    /// <summary>An entry of RIPng.</summary>
    /// <param name="index">0 … <see cref="Count"/> − 1.</param>
    public RipngEntryView EntryNg(int index) => new(Entries.Slice(index * EntryLength, EntryLength));
}
