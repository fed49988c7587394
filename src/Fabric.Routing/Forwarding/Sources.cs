using Fabric.Wire;

namespace Fabric.Routing.Forwarding;

/// <summary>Which addresses can stand in a header as source or destination (RFC 1812, 5.3.7; RFC 4291, 2.5).</summary>
internal static class Sources
{
    /// <summary>True for an address that one station may send from.</summary>
    internal static bool IsPossible(uint source) => source < 0xE000_0000 && source >> 24 is not (0 or 127);

    /// <summary>True for an address that one station may send from; not for the unspecified one. IPv4-mapped addresses never stand in a
    /// header (RFC 4291, 2.5.5.2), and ::/96 is retired (2.5.5.1).</summary>
    /// <param name="high">Upper half, in host byte order.</param>
    /// <param name="low">Lower half.</param>
    internal static bool IsPossible(ulong high, ulong low) => high >> 56 != 0xFF && (high != 0 || low >> 32 > 0xFFFF);

    /// <summary>True for an address of one station that packets may go to.</summary>
    internal static bool IsPossible(IpAddress address) => address.IsV4 ? IsPossible(address.V4) : IsPossible((ulong)(address.Bits >> 64), (ulong)address.Bits);
}
