using System.Security.Cryptography;
using Fabric.Wire;

namespace Fabric.Cli.Serving;

/// <summary>An address for who speaks a protocol in the name of a switch.</summary>
internal static class StationAddress
{
    /// <summary>One of nobody (locally administered), and unlike any neighbour's.</summary>
    public static MacAddress Random()
    {
        byte[] octets = RandomNumberGenerator.GetBytes(MacAddress.Length);
        octets[0] = (byte)((octets[0] & 0xFC) | 2);
        return MacAddress.Read(octets);
    }
}
