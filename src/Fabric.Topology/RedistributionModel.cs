namespace Fabric.Topology;

/// <summary>Routes of one source that a protocol tells its neighbours of.</summary>
/// <param name="Source">connected or static.</param>
/// <param name="Metric">Metric they are told with, or null for the protocol's default.</param>
/// <param name="Tag">Tag they are told with, or null for the route's own.</param>
/// <param name="Filter">Prefix list that chooses among them, or null for all.</param>
public sealed record RedistributionModel(string Source, int? Metric, int? Tag, string? Filter);
