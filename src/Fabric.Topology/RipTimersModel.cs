namespace Fabric.Topology;

/// <summary>The times of RIP (RFC 2453, 3.8; RFC 2080, 2.3).</summary>
/// <param name="Update">Between two full updates; the others follow it in the standard's proportions unless given.</param>
public sealed record RipTimersModel(TimeSpan Update)
{
    /// <summary>Most that is added to or taken from <see cref="Update"/> by chance.</summary>
    public TimeSpan Jitter { get; init; } = Update / 6;

    /// <summary>After which a route that nobody confirms is lost.</summary>
    public TimeSpan Timeout { get; init; } = Update * 6;

    /// <summary>How long the loss is told of.</summary>
    public TimeSpan Garbage { get; init; } = Update * 4;

    /// <summary>Least time from a change to the triggered update that tells of it.</summary>
    public TimeSpan LeastHoldOff { get; init; } = Update / 30;

    /// <summary>Most time from a change to the triggered update that tells of it; what it is in between is left to chance.</summary>
    public TimeSpan MostHoldOff { get; init; } = Update / 6;
}
