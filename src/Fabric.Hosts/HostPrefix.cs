using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Fabric.Wire;

namespace Fabric.Hosts;

/// <summary>An address and the length of its network's prefix.</summary>
/// <param name="Address">IPv4 or IPv6.</param>
/// <param name="Length">Bits: 0 … 32 or 0 … 128.</param>
public readonly record struct HostPrefix(IpAddress Address, int Length)
{
    /// <summary>Reads <c>10.0.0.1/24</c> or <c>2001:db8::1/64</c>.</summary>
    /// <param name="text">The text.</param>
    /// <param name="prefix">Address and length.</param>
    public static bool TryParse([NotNullWhen(true)] string? text, out HostPrefix prefix)
    {
        prefix = default;
        int slash = text?.IndexOf('/', StringComparison.Ordinal) ?? -1;
        if (text is null || slash < 0 || !IpAddress.TryParse(text[..slash], out IpAddress address))
            return false;
        if (!int.TryParse(text.AsSpan(slash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out int length) || length > (address.IsV4 ? 32 : 128))
            return false;
        prefix = new HostPrefix(address, length);
        return true;
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Address}/{Length}";
}
