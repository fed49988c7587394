namespace Fabric.Routing.Rip;

/// <summary>The times of RIP (RFC 2453, 3.8; RFC 2080, 2.3).</summary>
public sealed record RipTimers
{
    /// <summary>Between two updates of an interface.</summary>
    public TimeSpan Update { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Most that is added to or taken from <see cref="Update"/> by chance, each time anew.</summary>
    public TimeSpan Jitter { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long a route lives without being heard of.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(180);

    /// <summary>How long a dead route is told of as unreachable.</summary>
    public TimeSpan Garbage { get; init; } = TimeSpan.FromSeconds(120);

    /// <summary>Least time from a change to the triggered update that tells of it (RFC 2453, 3.10.1).</summary>
    public TimeSpan TriggerMin { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Longest time from a change to the triggered update that tells of it.</summary>
    public TimeSpan TriggerMax { get; init; } = TimeSpan.FromSeconds(5);
}
