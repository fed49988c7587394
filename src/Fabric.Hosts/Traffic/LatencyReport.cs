namespace Fabric.Hosts.Traffic;

/// <summary>How long packets were on their way. Percentiles are right to about three per cent.</summary>
/// <param name="Minimum">The shortest.</param>
/// <param name="Median">Half took no longer.</param>
/// <param name="P99">Ninety-nine of a hundred took no longer.</param>
/// <param name="Maximum">The longest.</param>
public sealed record LatencyReport(TimeSpan Minimum, TimeSpan Median, TimeSpan P99, TimeSpan Maximum);
