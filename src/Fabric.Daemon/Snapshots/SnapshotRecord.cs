namespace Fabric.Daemon.Snapshots;

/// <summary>A snapshot.</summary>
/// <param name="Name">Its name, unique in the topology.</param>
/// <param name="Date">When it was taken.</param>
/// <param name="Layers">For each disk it covers, the file of the layer that holds its content.</param>
internal sealed record SnapshotRecord(string Name, DateTimeOffset Date, IReadOnlyDictionary<string, string> Layers)
{
    /// <summary>True once its deletion has begun: its content may be gone.</summary>
    public bool IsDeleting { get; init; }

    /// <summary>The snapshot without its part on a disk.</summary>
    public SnapshotRecord Without(string disk) => this with { Layers = Layers.Where(layer => layer.Key != disk).ToDictionary() };
}
