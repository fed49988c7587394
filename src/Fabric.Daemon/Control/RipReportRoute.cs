namespace Fabric.Daemon.Control;

/// <summary>A route of RIP's own table.</summary>
/// <param name="Prefix">The network.</param>
/// <param name="Origin">learned, network (of an interface on which RIP runs), default or redistributed.</param>
/// <param name="Metric">1 to 16; 16 for one that is lost and still told of.</param>
/// <param name="Tag">The tag.</param>
/// <param name="NextHops">Where it leads.</param>
/// <param name="RemainingSeconds">Seconds until it is lost when nobody confirms it, or until a lost one is forgotten; null for the router's own.</param>
public sealed record RipReportRoute(string Prefix, string Origin, int Metric, int Tag, IReadOnlyList<NextHopStatus> NextHops, double? RemainingSeconds);
