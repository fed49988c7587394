using Fabric.Routing.Forwarding;

namespace Fabric.Routing.Fib;

/// <summary>What becomes of packets to the destinations of some prefixes: the same object for all prefixes of a table that are treated
/// alike. Immutable.</summary>
public sealed class ForwardingEntry
{
    internal ForwardingEntry(RouteKind kind, NextHop[] nextHops)
    {
        Kind = kind;
        NextHops = nextHops;
        for (int place = 0; place < nextHops.Length; place++)
            OnLink |= nextHops[place].IsOnLink ? 1U << place : 0;
        Lots = nextHops.Length > 1 ? EqualPaths.Lots(nextHops) : [];
    }

    /// <summary>What becomes of them.</summary>
    public RouteKind Kind { get; }

    /// <summary>Where they go on to, 1 … <see cref="Route.MaxNextHops"/> of equal cost, for <see cref="RouteKind.Unicast"/>; none
    /// otherwise. Nobody changes the array.</summary>
    public NextHop[] NextHops { get; }

    /// <summary>A bit for each next hop that is the destination itself.</summary>
    internal uint OnLink { get; }

    /// <summary>What each next hop has to draw with (<see cref="EqualPaths"/>); none where there is nothing to choose.</summary>
    internal ulong[] Lots { get; }
}
