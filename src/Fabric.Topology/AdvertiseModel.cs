namespace Fabric.Topology;

/// <summary>Router advertisements on an interface (RFC 4861, 6.2.1).</summary>
/// <param name="Interface">The interface.</param>
public sealed record AdvertiseModel(string Interface)
{
    /// <summary>Longest time between two of them; the shortest is a third of it.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>How long the router may be used as a default router; zero not to be one.</summary>
    public TimeSpan Lifetime { get; init; } = TimeSpan.FromMinutes(30);

    /// <summary>How long addresses of the prefixes are valid.</summary>
    public TimeSpan Valid { get; init; } = TimeSpan.FromDays(30);

    /// <summary>How long they are preferred.</summary>
    public TimeSpan Preferred { get; init; } = TimeSpan.FromDays(7);

    /// <summary>Hop limit that hosts should send with; 0 for no advice.</summary>
    public int HopLimit { get; init; } = 64;

    /// <summary>Addresses are to be had from DHCPv6.</summary>
    public bool IsManaged { get; init; }

    /// <summary>Other things are to be had from DHCPv6.</summary>
    public bool HasOther { get; init; }

    /// <summary>Name servers that hosts are told.</summary>
    public IReadOnlyList<System.Net.IPAddress> Dns { get; init; } = [];
}
