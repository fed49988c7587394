namespace Fabric.Topology;

/// <summary>What is added to the metric of certain routes.</summary>
/// <param name="Amount">0 … 16; the sum stops at 16, which is nowhere.</param>
/// <param name="Filter">Prefix list that tells which, or null for all.</param>
public sealed record RipOffsetModel(int Amount, string? Filter);
