using System.Buffers.Binary;

namespace Fabric.Wire;

/// <summary>Writes a packet of RIP version 1 or 2, or of RIPng: the header, an authentication entry where wanted, then routes.</summary>
/// <remarks>The caller asks <see cref="Left"/> before each entry. Room for the trailer is kept free from the beginning.</remarks>
public ref struct RipWriter
{
    private const int Unsigned = -1;
    private readonly Span<byte> _packet;
    private int _limit;
    private int _length;
    private int _digestLength;

    /// <summary>Writes the header.</summary>
    /// <param name="packet">Room for the packet: at least the header, and no more than one datagram may carry.</param>
    /// <param name="command">Request or response.</param>
    /// <param name="version">1 or 2; 1 for RIPng.</param>
    public RipWriter(Span<byte> packet, RipCommand command, byte version)
    {
        _packet = packet;
        _limit = packet.Length;
        _packet[0] = (byte)command;
        _packet[1] = version;
        BinaryPrimitives.WriteUInt16BigEndian(_packet[2..], 0);
        _length = RipView.HeaderLength;
        _digestLength = Unsigned;
    }

    /// <summary>Bytes written so far.</summary>
    public readonly int Length => _length;

    /// <summary>How many more entries there is room for.</summary>
    public readonly int Left => Math.Max(_limit - _length, 0) / RipView.EntryLength;

    /// <summary>Adds the entry of a plain password (RFC 2453, 4.1), before all routes.</summary>
    /// <param name="password">Up to 16 bytes count.</param>
    public void AddPassword(scoped ReadOnlySpan<byte> password)
    {
        Span<byte> entry = Next();
        entry.Clear();
        BinaryPrimitives.WriteUInt16BigEndian(entry, RipView.AuthenticationFamily);
        BinaryPrimitives.WriteUInt16BigEndian(entry[2..], (ushort)RipAuthenticationType.Password);
        password[..Math.Min(password.Length, RipView.PasswordLength)].CopyTo(entry[4..]);
    }

    /// <summary>Adds the entry that announces a digest (RFC 4822, 2.2), before all routes. <see cref="Finish"/> adds the trailer.</summary>
    /// <param name="keyId">Number of the key.</param>
    /// <param name="digestLength">Bytes of the digest.</param>
    /// <param name="sequence">Not less than the last one.</param>
    public void AddSignature(byte keyId, int digestLength, uint sequence)
    {
        _digestLength = digestLength;
        _limit -= RipView.TrailerLength + digestLength;
        Span<byte> entry = Next();
        entry.Clear();
        BinaryPrimitives.WriteUInt16BigEndian(entry, RipView.AuthenticationFamily);
        BinaryPrimitives.WriteUInt16BigEndian(entry[2..], (ushort)RipAuthenticationType.Cryptographic);
        entry[6] = keyId;
        entry[7] = (byte)digestLength;
        BinaryPrimitives.WriteUInt32BigEndian(entry[8..], sequence);
    }

    /// <summary>Adds the entry of a request for everything, its only one.</summary>
    public void AddWholeTable()
    {
        Span<byte> entry = Next();
        entry.Clear();
        entry[RipView.EntryLength - 1] = RipView.Infinity;
    }

    /// <summary>Adds a route of version 2.</summary>
    /// <param name="address">IPv4, host byte order.</param>
    /// <param name="mask">The mask, host byte order.</param>
    /// <param name="tag">The tag.</param>
    /// <param name="nextHop">A better next hop, host byte order; zero for none.</param>
    /// <param name="metric">1 … 16.</param>
    public void Add(uint address, uint mask, ushort tag, uint nextHop, byte metric)
    {
        Span<byte> entry = Next();
        BinaryPrimitives.WriteUInt32BigEndian(entry[16..], metric);
        BinaryPrimitives.WriteUInt32BigEndian(entry[12..], nextHop);
        BinaryPrimitives.WriteUInt32BigEndian(entry[8..], mask);
        BinaryPrimitives.WriteUInt32BigEndian(entry[4..], address);
        BinaryPrimitives.WriteUInt32BigEndian(entry, ((uint)RipEntryView.FamilyV4 << 16) | tag);
    }

    /// <summary>Adds a route of version 1, whose other fields are zero (RFC 1058, 3.1).</summary>
    /// <param name="address">IPv4, host byte order.</param>
    /// <param name="metric">1 … 16.</param>
    public void AddV1(uint address, byte metric) => Add(address, 0, 0, 0, metric);

    /// <summary>Adds a route of RIPng.</summary>
    /// <param name="address">IPv6.</param>
    /// <param name="length">Bits of the prefix.</param>
    /// <param name="tag">The tag.</param>
    /// <param name="metric">1 … 16.</param>
    public void AddNg(IpAddress address, int length, ushort tag, byte metric)
    {
        Span<byte> entry = Next();
        BinaryPrimitives.WriteUInt32BigEndian(entry[16..], ((uint)tag << 16) | ((uint)length << 8) | metric);
        address.CopyTo(entry);
    }

    /// <summary>Adds the next hop of the routes behind it (RFC 2080, 2.1.1).</summary>
    /// <param name="address">Link-local; <c>::</c> for the sender itself.</param>
    public void AddNextHopNg(IpAddress address) => AddNg(address, 0, 0, RipngEntryView.NextHopMetric);

    /// <summary>Puts the trailer's header behind the last entry where a digest was announced; the digest is the caller's to write behind
    /// <see cref="Length"/>.</summary>
    /// <returns>Bytes of the whole packet, the digest included.</returns>
    public int Finish()
    {
        if (_digestLength == Unsigned)
            return _length;
        BinaryPrimitives.WriteUInt16BigEndian(_packet[(RipView.HeaderLength + 4)..], (ushort)_length);
        BinaryPrimitives.WriteUInt16BigEndian(_packet[_length..], RipView.AuthenticationFamily);
        BinaryPrimitives.WriteUInt16BigEndian(_packet[(_length + 2)..], (ushort)RipAuthenticationType.Trailer);
        _length += RipView.TrailerLength;
        return _length + _digestLength;
    }

    private Span<byte> Next()
    {
        Span<byte> entry = _packet.Slice(_length, RipView.EntryLength);
        _length += RipView.EntryLength;
        return entry;
    }
}
