using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Runtime.CompilerServices;

namespace Fabric.Wire;

/// <summary>A 48-bit Ethernet address (IEEE 802, clause 8).</summary>
/// <remarks>Kept as the six octets in wire order, the first one lowest, so that reading one from a frame is two loads.</remarks>
public readonly struct MacAddress : IEquatable<MacAddress>
{
    /// <summary>Octets in an address.</summary>
    public const int Length = 6;

    private const ulong Mask = 0xFFFF_FFFF_FFFF;

    private MacAddress(ulong bits) => Bits = bits;

    /// <summary>The address of every station.</summary>
    public static MacAddress Broadcast => new(Mask);

    /// <summary>The six octets in the low 48 bits, the first octet on the wire lowest: a key for tables, not a number to print.</summary>
    public ulong Bits { get; }

    /// <summary>True for multicast and broadcast: the I/G bit, which goes first on the wire.</summary>
    public bool IsGroup => (Bits & 1) != 0;

    /// <summary>True for 01-80-C2-00-00-00 … 0F, which a bridge never forwards (IEEE 802.1D-2004, 7.12.6).</summary>
    public bool IsReservedGroup => (Bits & 0xF0FF_FFFF_FFFF) == 0x0000_00C2_8001;

    /// <summary>Compares two addresses.</summary>
    /// <param name="left">One.</param>
    /// <param name="right">The other.</param>
    public static bool operator ==(MacAddress left, MacAddress right) => left.Bits == right.Bits;

    /// <summary>Compares two addresses.</summary>
    /// <param name="left">One.</param>
    /// <param name="right">The other.</param>
    public static bool operator !=(MacAddress left, MacAddress right) => left.Bits != right.Bits;

    /// <summary>The address with the given <see cref="Bits"/>.</summary>
    /// <param name="bits">Six octets, the first lowest; higher bits are ignored.</param>
    public static MacAddress FromBits(ulong bits) => new(bits & Mask);

    /// <summary>Reads the address at the start of a span.</summary>
    /// <param name="source">At least <see cref="Length"/> bytes.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static MacAddress Read(ReadOnlySpan<byte> source)
    {
        source = source[..Length];
        uint first = (uint)(source[0] | source[1] << 8 | source[2] << 16 | source[3] << 24);
        return new MacAddress(first | (ulong)(uint)(source[4] | source[5] << 8) << 32);
    }

    /// <summary>Reads the usual notation, six two-digit hexadecimal numbers between colons or hyphens.</summary>
    /// <param name="text">Such as <c>52:54:00:12:34:56</c>.</param>
    /// <param name="address">The address.</param>
    public static bool TryParse([NotNullWhen(true)] string? text, out MacAddress address)
    {
        address = default;
        if (text is not { Length: (3 * Length) - 1 })
            return false;
        ulong bits = 0;
        for (int i = 0; i < Length; i++)
        {
            bool separated = i == 0 || (text[(3 * i) - 1] == text[2] && text[2] is ':' or '-');
            if (!separated || !byte.TryParse(text.AsSpan(3 * i, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out byte octet))
                return false;
            bits |= (ulong)octet << (8 * i);
        }

        address = new MacAddress(bits);
        return true;
    }

    /// <summary>Writes the six octets.</summary>
    /// <param name="destination">At least <see cref="Length"/> bytes.</param>
    public void CopyTo(Span<byte> destination)
    {
        for (int i = 0; i < Length; i++)
            destination[i] = (byte)(Bits >> (8 * i));
    }

    /// <inheritdoc/>
    public bool Equals(MacAddress other) => Bits == other.Bits;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is MacAddress other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => Bits.GetHashCode();

    /// <summary>The usual notation: lower case, colons.</summary>
    public override string ToString()
    {
        Span<byte> octets = stackalloc byte[Length];
        CopyTo(octets);
        return $"{octets[0]:x2}:{octets[1]:x2}:{octets[2]:x2}:{octets[3]:x2}:{octets[4]:x2}:{octets[5]:x2}";
    }
}
