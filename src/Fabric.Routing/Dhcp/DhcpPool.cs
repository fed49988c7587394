using Fabric.Wire;

namespace Fabric.Routing.Dhcp;

/// <summary>The addresses that a DHCP server gives out in one network, and what it tells those that get them.</summary>
/// <param name="Network">The network: one that an interface of the router is in, or that a relay agent is in.</param>
/// <param name="First">First address given out.</param>
/// <param name="Last">Last address given out.</param>
public sealed record DhcpPool(IpPrefix Network, IpAddress First, IpAddress Last)
{
    /// <summary>Most addresses of a pool.</summary>
    public const int MaxAddresses = 65_536;

    /// <summary>How long an address is given for, unless the client wants less: whole seconds, up to 365 days.</summary>
    public TimeSpan Lease { get; init; } = TimeSpan.FromHours(1);

    /// <summary>Option 3: routers in order of preference; null for the router itself, or the relay agent. Never given out.</summary>
    public IReadOnlyList<IpAddress>? Routers { get; init; }

    /// <summary>Option 6: name servers in order of preference. Never given out.</summary>
    public IReadOnlyList<IpAddress> NameServers { get; init; } = [];

    /// <summary>Option 15: up to 64 ASCII characters; null for none.</summary>
    public string? Domain { get; init; }

    /// <summary>Option 26 in bytes, 68 … 65535; null for that of the interface, and none behind a relay agent.</summary>
    public int? Mtu { get; init; }

    /// <summary>Option 121: networks with their gateways, for clients that ask for them.</summary>
    public IReadOnlyList<(IpPrefix Network, IpAddress Gateway)> Routes { get; init; } = [];

    /// <summary>Addresses of the network that always go to the same clients, in the range or outside.</summary>
    public IReadOnlyList<DhcpStaticLease> Static { get; init; } = [];
}
