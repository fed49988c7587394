namespace Fabric.Topology;

/// <summary>Router advertisements on an interface (RFC 4861, 6.2.1).</summary>
/// <param name="Interface">The interface.</param>
public sealed record AdvertiseModel(string Interface)
{
    /// <summary>Longest time between two of them; the shortest is a third of it.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>How long the router may be used as a default router; zero not to be one.</summary>
    public TimeSpan Lifetime { get; init; } = TimeSpan.FromMinutes(30);

    /// <summary>Name servers that hosts are told.</summary>
    public IReadOnlyList<System.Net.IPAddress> Dns { get; init; } = [];
}
