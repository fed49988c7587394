namespace Fabric.Routing.Fib;

/// <summary>What becomes of packets to the destinations of some prefixes: the same object for all prefixes of a table that are treated
/// alike. Immutable.</summary>
public sealed class ForwardingEntry
{
    internal ForwardingEntry(RouteKind kind, NextHop[] nextHops)
    {
        Kind = kind;
        NextHops = nextHops;
    }

    /// <summary>What becomes of them.</summary>
    public RouteKind Kind { get; }

    /// <summary>Where they go on to, 1 … <see cref="Route.MaxNextHops"/> of equal cost, for <see cref="RouteKind.Unicast"/>; none
    /// otherwise. Nobody changes the array.</summary>
    public NextHop[] NextHops { get; }
}
