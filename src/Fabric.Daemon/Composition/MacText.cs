using System.Net.NetworkInformation;

namespace Fabric.Daemon.Composition;

/// <summary>Ethernet addresses as Linux writes them.</summary>
internal static class MacText
{
    /// <summary>Payload of an Ethernet frame where nobody says otherwise (IEEE 802.3), in bytes.</summary>
    public const int UsualMtu = 1500;

    public static string Of(PhysicalAddress mac) => string.Join(':', mac.GetAddressBytes().Select(b => b.ToString("x2")));
}
