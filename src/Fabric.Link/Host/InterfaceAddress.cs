using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Fabric.Link.Host;

/// <summary>An address of an interface with the length of its subnet's prefix, such as 10.0.0.1/24 or 2001:db8::1/64.</summary>
/// <param name="Address">IPv4 or IPv6.</param>
/// <param name="PrefixLength">In bits.</param>
public sealed record InterfaceAddress(IPAddress Address, int PrefixLength)
{
    /// <summary>Reads ADDRESS/LENGTH.</summary>
    /// <param name="text">The text.</param>
    /// <param name="address">What it says.</param>
    /// <returns>False when it is none.</returns>
    public static bool TryParse(string text, out InterfaceAddress address)
    {
        address = new InterfaceAddress(IPAddress.None, 0);
        int slash = text.IndexOf('/', StringComparison.Ordinal);
        if (slash < 0 || !IPAddress.TryParse(text.AsSpan(0, slash), out IPAddress? ip))
            return false;
        int bits = ip.AddressFamily == AddressFamily.InterNetwork ? 32 : 128;
        if (!int.TryParse(text.AsSpan(slash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out int length) || length > bits)
            return false;
        address = new InterfaceAddress(ip, length);
        return true;
    }

    /// <summary>ADDRESS/LENGTH.</summary>
    public override string ToString() => $"{Address}/{PrefixLength}";
}
