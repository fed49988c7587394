namespace Fabric.SideBySide;

/// <summary>One of those compared.</summary>
/// <param name="Name">As printed.</param>
/// <param name="Measure">Takes one measurement, by the name of the figure; higher or lower is better as the comparison says.</param>
internal sealed record Contestant(string Name, Func<IReadOnlyDictionary<string, double>> Measure);
