namespace Fabric.Routing.Rib;

/// <summary>How the reachability that static routes depend on is found out.</summary>
public sealed record TrackingOptions
{
    /// <summary>Time from one question to the next, which is also how long an answer may take.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Questions in a row without answer after which a target counts as gone.</summary>
    public int Misses { get; init; } = 3;

    /// <summary>Answers in a row after which it counts as there.</summary>
    public int Answers { get; init; } = 2;
}
