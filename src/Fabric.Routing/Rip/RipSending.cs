namespace Fabric.Routing.Rip;

/// <summary>An update or an answer that is on its way out.</summary>
internal sealed class RipSending(RipTarget target, int[]? places)
{
    internal RipTarget Target { get; } = target;

    /// <summary>Places of the routes to tell of; null for the whole table.</summary>
    internal int[]? Places { get; } = places;

    /// <summary>The first of them that has not been told of.</summary>
    internal int Next { get; set; }
}
