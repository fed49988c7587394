using Fabric.Wire;

namespace Fabric.Routing.Neighbors;

/// <summary>What a router tells the hosts of a link (RFC 4861, 6.2.1).</summary>
public sealed record RouterAdvertisementOptions
{
    /// <summary>Longest time between two advertisements to all: 4 s … 1,800 s. The shortest is a third of it.</summary>
    public TimeSpan MaxInterval { get; init; } = TimeSpan.FromSeconds(600);

    /// <summary>How long the router may be taken for a default router: zero for not at all, or <see cref="MaxInterval"/> … 9,000 s.</summary>
    public TimeSpan Lifetime { get; init; } = TimeSpan.FromSeconds(1800);

    /// <summary>Prefixes to tell of; null for those of the interface's own addresses. Hosts form addresses from those of 64 bits.</summary>
    public IReadOnlyList<IpPrefix>? Prefixes { get; init; }

    /// <summary>How long addresses of the prefixes are valid.</summary>
    public TimeSpan ValidLifetime { get; init; } = TimeSpan.FromDays(30);

    /// <summary>How long they are preferred.</summary>
    public TimeSpan PreferredLifetime { get; init; } = TimeSpan.FromDays(7);

    /// <summary>Hop limit that hosts should send with; 0 for no advice.</summary>
    public byte HopLimit { get; init; } = 64;

    /// <summary>Addresses are to be had from DHCPv6.</summary>
    public bool IsManaged { get; init; }

    /// <summary>Other things are to be had from DHCPv6.</summary>
    public bool HasOther { get; init; }

    /// <summary>Name servers (RFC 8106), at most eight, told of for three times <see cref="MaxInterval"/>.</summary>
    public IReadOnlyList<IpAddress> NameServers { get; init; } = [];
}
