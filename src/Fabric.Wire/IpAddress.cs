using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Runtime.CompilerServices;

namespace Fabric.Wire;

/// <summary>An IPv4 or IPv6 address, by value.</summary>
/// <remarks>128 bits in host byte order. IPv4 addresses are kept as IPv4-mapped ones (RFC 4291, 2.5.5.2), so that one table serves both
/// families; such addresses never stand in a header on the wire. The default value is <c>::</c>.</remarks>
public readonly struct IpAddress : IEquatable<IpAddress>
{
    private const ulong V4Prefix = 0xFFFF_0000_0000;
    private readonly ulong _high;
    private readonly ulong _low;

    private IpAddress(ulong high, ulong low)
    {
        _high = high;
        _low = low;
    }

    /// <summary>The IPv4 address 0.0.0.0.</summary>
    public static IpAddress AnyV4 => FromV4(0);

    /// <summary>The IPv6 address <c>::</c>.</summary>
    public static IpAddress AnyV6 => default;

    /// <summary>255.255.255.255 (RFC 919).</summary>
    public static IpAddress BroadcastV4 => FromV4(uint.MaxValue);

    /// <summary>ff02::1, every node of the link (RFC 4291, 2.7.1).</summary>
    public static IpAddress AllNodes => new(0xFF02_0000_0000_0000, 1);

    /// <summary>ff02::2, every router of the link (RFC 4291, 2.7.1).</summary>
    public static IpAddress AllRouters => new(0xFF02_0000_0000_0000, 2);

    /// <summary>True for IPv4.</summary>
    public bool IsV4 => _high == 0 && (_low & ~(ulong)uint.MaxValue) == V4Prefix;

    /// <summary>The IPv4 address as a number in host byte order; meaningless for IPv6.</summary>
    public uint V4 => (uint)_low;

    /// <summary>All 128 bits in host byte order; IPv4 addresses in their mapped form.</summary>
    public UInt128 Bits => new(_high, _low);

    /// <summary>True for 0.0.0.0 and <c>::</c>.</summary>
    public bool IsUnspecified => this == default || this == AnyV4;

    /// <summary>True for 224.0.0.0/4 and ff00::/8; not for the IPv4 broadcast address.</summary>
    public bool IsMulticast => IsV4 ? V4 >> 28 == 0xE : _high >> 56 == 0xFF;

    /// <summary>True for 127.0.0.0/8 and ::1.</summary>
    public bool IsLoopback => IsV4 ? V4 >> 24 == 127 : _high == 0 && _low == 1;

    /// <summary>True for 169.254.0.0/16 (RFC 3927) and fe80::/10 (RFC 4291, 2.5.6).</summary>
    public bool IsLinkLocal => IsV4 ? V4 >> 16 == 0xA9FE : _high >> 54 == 0x3FA;

    /// <summary>The solicited-node multicast address of an IPv6 address: ff02::1:ffXX:XXXX (RFC 4291, 2.7.1).</summary>
    public IpAddress SolicitedNode => new(0xFF02_0000_0000_0000, 0x1_FF00_0000 | (_low & 0xFF_FFFF));

    /// <summary>The Ethernet group address a multicast address maps to: 01-00-5E and 23 bits (RFC 1112, 6.4), 33-33 and 32 bits
    /// (RFC 2464, 7).</summary>
    public MacAddress GroupMac
    {
        get
        {
            Span<byte> octets = stackalloc byte[MacAddress.Length];
            BinaryPrimitives.WriteUInt16BigEndian(octets, IsV4 ? (ushort)0x0100 : (ushort)0x3333);
            BinaryPrimitives.WriteUInt32BigEndian(octets[2..], IsV4 ? 0x5E00_0000 | (V4 & 0x7F_FFFF) : (uint)_low);
            return MacAddress.Read(octets);
        }
    }

    /// <summary>Compares two addresses.</summary>
    /// <param name="left">One.</param>
    /// <param name="right">The other.</param>
    public static bool operator ==(IpAddress left, IpAddress right) => left.Equals(right);

    /// <summary>Compares two addresses.</summary>
    /// <param name="left">One.</param>
    /// <param name="right">The other.</param>
    public static bool operator !=(IpAddress left, IpAddress right) => !left.Equals(right);

    /// <summary>An IPv4 address.</summary>
    /// <param name="bits">In host byte order.</param>
    public static IpAddress FromV4(uint bits) => new(0, V4Prefix | bits);

    /// <summary>An IPv6 address.</summary>
    /// <param name="bits">In host byte order.</param>
    public static IpAddress FromV6(UInt128 bits) => new((ulong)(bits >> 64), (ulong)bits);

    /// <summary>An address of the runtime's own type; a scope is left out.</summary>
    /// <param name="address">IPv4 or IPv6.</param>
    public static IpAddress From(IPAddress address)
    {
        ArgumentNullException.ThrowIfNull(address);
        Span<byte> octets = stackalloc byte[16];
        _ = address.TryWriteBytes(octets, out int length);
        return length == 4 ? ReadV4(octets) : ReadV6(octets);
    }

    /// <summary>Reads four octets.</summary>
    /// <param name="source">At least four bytes in network byte order.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static IpAddress ReadV4(ReadOnlySpan<byte> source) => FromV4(BinaryPrimitives.ReadUInt32BigEndian(source));

    /// <summary>Reads sixteen octets.</summary>
    /// <param name="source">At least sixteen bytes in network byte order.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static IpAddress ReadV6(ReadOnlySpan<byte> source) =>
        new(BinaryPrimitives.ReadUInt64BigEndian(source), BinaryPrimitives.ReadUInt64BigEndian(source[8..]));

    /// <summary>The link-local address that a station forms from its Ethernet address: modified EUI-64 (RFC 4291, appendix A).</summary>
    /// <param name="mac">The station.</param>
    public static IpAddress LinkLocal(MacAddress mac) => Autonomous(new UInt128(0xFE80_0000_0000_0000, 0), mac);

    /// <summary>The address that a station forms in a /64 prefix from its Ethernet address (RFC 4862, 5.5.3; RFC 2464, 4).</summary>
    /// <param name="prefix">The prefix; the lower 64 bits are ignored.</param>
    /// <param name="mac">The station.</param>
    public static IpAddress Autonomous(UInt128 prefix, MacAddress mac)
    {
        Span<byte> octets = stackalloc byte[MacAddress.Length];
        mac.CopyTo(octets);
        ulong identifier = ((ulong)(octets[0] ^ 2) << 56) | ((ulong)octets[1] << 48) | ((ulong)octets[2] << 40) | 0xFF_FE00_0000
            | ((ulong)octets[3] << 16) | ((ulong)octets[4] << 8) | octets[5];
        return new IpAddress((ulong)(prefix >> 64), identifier);
    }

    /// <summary>Reads the usual notation of either family; no scope, no IPv4-mapped address, no abbreviated IPv4.</summary>
    /// <param name="text">Such as <c>10.0.0.1</c> or <c>2001:db8::1</c>.</param>
    /// <param name="address">The address.</param>
    public static bool TryParse([NotNullWhen(true)] string? text, out IpAddress address)
    {
        address = default;
        if (text is null || text.Contains('%', StringComparison.Ordinal) || !IPAddress.TryParse(text, out IPAddress? parsed))
            return false;
        bool colon = text.Contains(':', StringComparison.Ordinal);
        if (!colon && text.AsSpan().Count('.') != 3)
            return false;
        address = From(parsed);
        return address.IsV4 != colon;
    }

    /// <summary>Tells whether another address lies in the same prefix.</summary>
    /// <param name="other">The other address.</param>
    /// <param name="prefixLength">Bits of the prefix: 0 … 32 or 0 … 128.</param>
    public bool IsInPrefix(IpAddress other, int prefixLength)
    {
        int bits = IsV4 ? prefixLength + 96 : prefixLength;
        return IsV4 == other.IsV4 && (bits == 0 || (Bits ^ other.Bits) >> (128 - bits) == 0);
    }

    /// <summary>Writes the octets in network byte order: 4 or 16.</summary>
    /// <param name="destination">At least so many bytes.</param>
    public void CopyTo(Span<byte> destination)
    {
        if (IsV4)
        {
            BinaryPrimitives.WriteUInt32BigEndian(destination, V4);
            return;
        }

        BinaryPrimitives.WriteUInt64BigEndian(destination[8..], _low);
        BinaryPrimitives.WriteUInt64BigEndian(destination, _high);
    }

    /// <summary>The same address in the runtime's own type.</summary>
    public IPAddress ToIPAddress()
    {
        Span<byte> octets = stackalloc byte[16];
        CopyTo(octets);
        return new IPAddress(octets[..(IsV4 ? 4 : 16)]);
    }

    /// <inheritdoc/>
    public bool Equals(IpAddress other) => _high == other._high && _low == other._low;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is IpAddress other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(_high, _low);

    /// <summary>The usual notation (RFC 5952).</summary>
    public override string ToString() => ToIPAddress().ToString();
}
