namespace Fabric.Daemon.Control;

/// <summary>RIP or RIPng in a router at one moment.</summary>
/// <param name="Router">The router.</param>
/// <param name="Protocol">rip or ripng.</param>
/// <param name="Interfaces">Interfaces on which it runs, or would.</param>
/// <param name="Neighbors">Neighbours that have spoken.</param>
/// <param name="Routes">What it knows.</param>
public sealed record RipReport(
    string Router, string Protocol, IReadOnlyList<RipReportInterface> Interfaces, IReadOnlyList<RipReportNeighbor> Neighbors, IReadOnlyList<RipReportRoute> Routes);
