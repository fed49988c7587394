namespace Fabric.Daemon.Control;

/// <summary>What a ping has shown.</summary>
/// <param name="From">Host that pinged.</param>
/// <param name="To">Address that was pinged.</param>
/// <param name="Sent">Number of echoes.</param>
/// <param name="Received">Number that came back as they were sent.</param>
/// <param name="Duplicates">Answers beyond the first to an echo.</param>
/// <param name="MinMs">Shortest round trip in milliseconds.</param>
/// <param name="AvgMs">Mean round trip.</param>
/// <param name="MaxMs">Longest round trip.</param>
/// <param name="Echoes">Each echo in the order of sending.</param>
public sealed record PingReport(string From, string To, int Sent, int Received, int Duplicates, double MinMs, double AvgMs, double MaxMs, IReadOnlyList<PingReportEcho> Echoes);
