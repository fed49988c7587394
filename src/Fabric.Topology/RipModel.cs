using System.Net;

namespace Fabric.Topology;

/// <summary>RIP or RIPng in a router.</summary>
public sealed record RipModel
{
    /// <summary>Interfaces that take part, by name.</summary>
    public required IReadOnlyDictionary<string, RipInterfaceModel> Interfaces { get; init; }

    /// <summary>Routes of other sources that are told of, by the source: connected, static.</summary>
    public IReadOnlyDictionary<string, RedistributionModel> Redistribute { get; init; } = new Dictionary<string, RedistributionModel>();

    /// <summary>Neighbours that are sent their own copy, for links without multicast.</summary>
    public IReadOnlyList<IPAddress> Neighbors { get; init; } = [];

    /// <summary>Tell the neighbours of a default route: always, when-known (from another source than RIP), or null for never.</summary>
    public string? DefaultRoute { get; init; }

    /// <summary>Metric of redistributed routes where nothing else is said.</summary>
    public int DefaultMetric { get; init; } = 1;

    /// <summary>Administrative distance of what it learns.</summary>
    public int Distance { get; init; } = 120;

    /// <summary>Most next hops of equal cost.</summary>
    public int MaxPaths { get; init; } = 16;

    /// <summary>Most prefixes it learns, or null for the usual.</summary>
    public int? Limit { get; init; }

    /// <summary>Between two full updates.</summary>
    public TimeSpan Update { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Most that is added to or taken from <see cref="Update"/> by chance.</summary>
    public TimeSpan Jitter { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>After which a route that nobody confirms is lost.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(180);

    /// <summary>How long the loss is told of.</summary>
    public TimeSpan Garbage { get; init; } = TimeSpan.FromSeconds(120);

    /// <summary>Least time from a change to the triggered update that tells of it.</summary>
    public TimeSpan LeastHoldOff { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Most time from a change to the triggered update that tells of it; what it is in between is left to chance.</summary>
    public TimeSpan MostHoldOff { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Prefix list for what is learned, or null.</summary>
    public string? FilterIn { get; init; }

    /// <summary>Prefix list for what is told, or null.</summary>
    public string? FilterOut { get; init; }
}
