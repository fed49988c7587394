namespace Fabric.Routing.Rip;

/// <summary>What is told of a route on the link that it came from (RFC 2453, 3.4.3).</summary>
public enum RipSplitHorizon
{
    /// <summary>That it is unreachable.</summary>
    Poisoned,

    /// <summary>Nothing.</summary>
    Simple,

    /// <summary>The same as elsewhere.</summary>
    Off,
}
