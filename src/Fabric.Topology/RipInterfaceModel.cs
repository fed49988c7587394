namespace Fabric.Topology;

/// <summary>How RIP is spoken on an interface.</summary>
/// <param name="Name">The interface.</param>
public sealed record RipInterfaceModel(string Name)
{
    /// <summary>Listens and says nothing.</summary>
    public bool IsPassive { get; init; }

    /// <summary>Added to the metric of what is learned.</summary>
    public int Cost { get; init; } = 1;

    /// <summary>Versions of RIP that are sent: 1, 2, both or none.</summary>
    public string Send { get; init; } = "2";

    /// <summary>Versions of RIP that are taken: 1, 2, both or none.</summary>
    public string Receive { get; init; } = "both";

    /// <summary>Version 2 is sent as broadcast, for routers of version 1.</summary>
    public bool Broadcasts { get; init; }

    /// <summary>Added to metrics heard, besides the cost: the first that fits.</summary>
    public IReadOnlyList<RipOffsetModel> OffsetsIn { get; init; } = [];

    /// <summary>Added to metrics told: the first that fits.</summary>
    public IReadOnlyList<RipOffsetModel> OffsetsOut { get; init; } = [];

    /// <summary>poisoned, simple or off.</summary>
    public string SplitHorizon { get; init; } = "poisoned";

    /// <summary>The times.</summary>
    public RipTimersModel Timers { get; init; } = new(TimeSpan.FromSeconds(30));

    /// <summary>Keys; empty where packets are taken on trust.</summary>
    public IReadOnlyList<RipKeyModel> Keys { get; init; } = [];

    /// <summary>Prefix list for what is learned, or null.</summary>
    public string? FilterIn { get; init; }

    /// <summary>Prefix list for what is told, or null.</summary>
    public string? FilterOut { get; init; }
}
