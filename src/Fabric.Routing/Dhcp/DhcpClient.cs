using System.Security.Cryptography;
using System.Text;
using Fabric.Wire;

namespace Fabric.Routing.Dhcp;

/// <summary>Who a message is from: known by option 61, or without one by its Ethernet address (RFC 2131, 4.2).</summary>
/// <param name="Mac">Its Ethernet address.</param>
/// <param name="ClientId">Its option 61 in hexadecimal digits, or the hash of a long one; null without one.</param>
/// <param name="HostName">Its option 12, if that is a name.</param>
internal readonly record struct DhcpClient(MacAddress Mac, string? ClientId, string? HostName)
{
    private const int MaxNameLength = 63;

    // Longer ones are known by their hash, so that what a client sends does not say how much is kept of it.
    private const int MaxIdLength = 32;

    /// <summary>What leases are kept by.</summary>
    internal string Key => ClientId ?? MacKey(Mac);

    internal static DhcpClient Read(in DhcpView message)
    {
        bool hasId = message.TryFind(DhcpOption.ClientIdentifier, out ReadOnlySpan<byte> id) && !id.IsEmpty;
        bool hasName = message.TryFind(DhcpOption.HostName, out ReadOnlySpan<byte> name) && IsName(name);
        return new DhcpClient(message.ClientMac, hasId ? Convert.ToHexString(id.Length <= MaxIdLength ? id : SHA256.HashData(id)) : null, hasName ? Encoding.ASCII.GetString(name) : null);
    }

    /// <summary>The key of a client without option 61; no option in hexadecimal digits is the same.</summary>
    internal static string MacKey(MacAddress mac) => $"mac {mac}";

    private static bool IsName(ReadOnlySpan<byte> name)
    {
        foreach (byte letter in name)
        {
            if (!char.IsAsciiLetterOrDigit((char)letter) && letter is not ((byte)'-' or (byte)'.' or (byte)'_'))
                return false;
        }

        return name.Length is > 0 and <= MaxNameLength;
    }
}
