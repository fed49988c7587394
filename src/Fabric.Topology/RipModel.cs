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

    /// <summary>Metric of that default route.</summary>
    public int DefaultRouteMetric { get; init; } = 1;

    /// <summary>Tag of that default route.</summary>
    public int DefaultRouteTag { get; init; }

    /// <summary>Metric of redistributed routes where nothing else is said.</summary>
    public int DefaultMetric { get; init; } = 1;

    /// <summary>Administrative distance of what it learns.</summary>
    public int Distance { get; init; } = 120;

    /// <summary>Other distances of what certain neighbours tell.</summary>
    public IReadOnlyList<RipDistanceModel> Distances { get; init; } = [];

    /// <summary>Most next hops of equal cost.</summary>
    public int MaxPaths { get; init; } = 16;

    /// <summary>Most prefixes it learns, or null for the usual.</summary>
    public int? Limit { get; init; }

    /// <summary>Most neighbours it listens to on an interface, or null for the usual.</summary>
    public int? NeighborLimit { get; init; }

    /// <summary>The times of interfaces that have none of their own.</summary>
    public RipTimersModel Timers { get; init; } = new(TimeSpan.FromSeconds(30));

    /// <summary>Prefix list for what is learned, or null.</summary>
    public string? FilterIn { get; init; }

    /// <summary>Prefix list for what is told, or null.</summary>
    public string? FilterOut { get; init; }

    /// <summary>Added to metrics heard, where the interface has none that fits: the first that fits.</summary>
    public IReadOnlyList<RipOffsetModel> OffsetsIn { get; init; } = [];

    /// <summary>Added to metrics told, where the interface has none that fits: the first that fits.</summary>
    public IReadOnlyList<RipOffsetModel> OffsetsOut { get; init; } = [];
}
