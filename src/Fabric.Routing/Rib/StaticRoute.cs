using Fabric.Wire;

namespace Fabric.Routing.Rib;

/// <summary>A route that the operator has written. Several for the same network float: the one with the smallest distance among those that
/// can be used is.</summary>
/// <param name="Prefix">The network, with no bit set behind its length.</param>
public sealed record StaticRoute(IpPrefix Prefix)
{
    /// <summary>What becomes of packets.</summary>
    public RouteKind Kind { get; init; }

    /// <summary>1 … 16 for <see cref="RouteKind.Unicast"/>, of which those that can be reached share the traffic; none otherwise.</summary>
    public IReadOnlyList<StaticNextHop> NextHops { get; init; } = [];

    /// <summary>Administrative distance, 1 … 255; 255 is never used.</summary>
    public byte Distance { get; init; } = 1;

    /// <summary>Carried along for filters.</summary>
    public uint Tag { get; init; }

    /// <summary>The route is used only while this address answers; null for always.</summary>
    public IpAddress? Track { get; init; }
}
