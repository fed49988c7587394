using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Fabric.Wire;

/// <summary>An address and the length of its network's prefix (RFC 4632, 3.1; RFC 4291, 2.3): an interface's address where bits behind the
/// prefix are set, a network where they are not.</summary>
/// <param name="Address">IPv4 or IPv6.</param>
/// <param name="Length">Bits: 0 … 32 or 0 … 128.</param>
public readonly record struct IpPrefix(IpAddress Address, int Length)
{
    /// <summary>0.0.0.0/0.</summary>
    public static IpPrefix DefaultV4 => new(IpAddress.AnyV4, 0);

    /// <summary>::/0.</summary>
    public static IpPrefix DefaultV6 => new(IpAddress.AnyV6, 0);

    /// <summary>True for IPv4.</summary>
    public bool IsV4 => Address.IsV4;

    /// <summary>The network alone: all bits behind the prefix cleared.</summary>
    public IpPrefix Network => IsV4
        ? new IpPrefix(IpAddress.FromV4(Length == 0 ? 0 : Address.V4 & (uint.MaxValue << (32 - Length))), Length)
        : new IpPrefix(IpAddress.FromV6(Length == 0 ? UInt128.Zero : Address.Bits & (UInt128.MaxValue << (128 - Length))), Length);

    /// <summary>Reads <c>10.0.0.1/24</c> or <c>2001:db8::1/64</c>.</summary>
    /// <param name="text">The text.</param>
    /// <param name="prefix">Address and length.</param>
    public static bool TryParse([NotNullWhen(true)] string? text, out IpPrefix prefix)
    {
        prefix = default;
        int slash = text?.IndexOf('/', StringComparison.Ordinal) ?? -1;
        if (text is null || slash < 0 || !IpAddress.TryParse(text[..slash], out IpAddress address))
            return false;
        if (!int.TryParse(text.AsSpan(slash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out int length) || length > (address.IsV4 ? 32 : 128))
            return false;
        prefix = new IpPrefix(address, length);
        return true;
    }

    /// <summary>Tells whether an address lies in the network.</summary>
    /// <param name="address">Of either family.</param>
    public bool Contains(IpAddress address) => Address.IsInPrefix(address, Length);

    /// <inheritdoc/>
    public override string ToString() => $"{Address}/{Length}";
}
