using Fabric.Wire;

namespace Fabric.Hosts;

/// <summary>The ranges of a host's options.</summary>
internal static class HostOptionsCheck
{
    private const int MinMtu = 1280;
    private const int MaxMtu = 65535;
    private const int MaxVlan = 4094;

    internal static void Throw(HostOptions options)
    {
        if (options.Mac.IsGroup || options.Mac == default)
            throw new HostException($"host '{options.Name}' cannot have the Ethernet address {options.Mac}: give it one whose first octet is even, such as 52:54:00:00:00:01");
        if (options.Mtu is < MinMtu or > MaxMtu)
            throw new HostException($"host '{options.Name}' has an MTU of {options.Mtu}: it is from {MinMtu} to {MaxMtu}");
        if (options.Vlan is < 1 or > MaxVlan)
            throw new HostException($"host '{options.Name}' is in VLAN {options.Vlan}: the number is from 1 to {MaxVlan}");
        foreach (IpPrefix prefix in options.Addresses)
        {
            if (prefix.Length < 0 || prefix.Length > (prefix.Address.IsV4 ? 32 : 128) || prefix.Address.IsMulticast || prefix.Address.IsUnspecified)
                throw new HostException($"host '{options.Name}' cannot have the address {prefix}: give it one of a single host with its prefix length, such as 10.0.0.1/24");
        }

        if (options.Gateway is { IsV4: false } || options.GatewayV6 is { IsV4: true })
            throw new HostException($"host '{options.Name}' has a gateway of the other family: 'Gateway' is IPv4, 'GatewayV6' is IPv6");
    }
}
