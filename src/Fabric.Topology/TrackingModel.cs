namespace Fabric.Topology;

/// <summary>How a router finds out whether the addresses that its static routes depend on are there.</summary>
public sealed record TrackingModel
{
    /// <summary>From one ping to the next, which is also how long an answer may take.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Pings in a row without answer after which an address counts as gone.</summary>
    public int Misses { get; init; } = 3;

    /// <summary>Answers in a row after which it counts as there.</summary>
    public int Answers { get; init; } = 2;
}
