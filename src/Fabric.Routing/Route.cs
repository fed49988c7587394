using Fabric.Wire;

namespace Fabric.Routing;

/// <summary>A way to a network, as one source knows it. Immutable.</summary>
/// <param name="Prefix">The network, with no bit set behind its length.</param>
/// <param name="Source">Who has told of it.</param>
/// <param name="Distance">Administrative distance, 0 … 255: the smaller is preferred; 255 is never used.</param>
/// <param name="Metric">Cost in the source's own measure: the smaller is preferred among routes of equal distance.</param>
/// <param name="Tag">Carried along for filters, 0 … 65535 in RIP.</param>
/// <param name="Kind">What becomes of matching packets.</param>
/// <param name="NextHops">One or more of equal cost, in a fixed order, for <see cref="RouteKind.Unicast"/>; none otherwise. The route's
/// own: nobody changes the array.</param>
public sealed record Route(IpPrefix Prefix, RouteSource Source, byte Distance, uint Metric, uint Tag, RouteKind Kind, NextHop[] NextHops)
{
    /// <summary>The distance of what is not to be used.</summary>
    public const byte Unusable = 255;

    /// <summary>Most next hops of one route.</summary>
    public const int MaxNextHops = 16;

    /// <summary>True when another route leads packets the same way and would be told of in the same words.</summary>
    /// <param name="other">The other one; null for none.</param>
    public bool IsSameAs(Route? other) => other is not null && Prefix == other.Prefix && Source == other.Source && Distance == other.Distance
        && Metric == other.Metric && Tag == other.Tag && Kind == other.Kind && NextHops.AsSpan().SequenceEqual(other.NextHops);
}
