namespace Fabric.Daemon.Control;

/// <summary>A route that a router knows.</summary>
/// <param name="Router">The router.</param>
/// <param name="Prefix">The network, such as <c>10.1.0.0/24</c>.</param>
/// <param name="Source">Who has told of it: connected, static, rip.</param>
/// <param name="Kind">unicast, blackhole, unreachable or prohibited.</param>
/// <param name="Distance">Administrative distance; the smallest of a prefix is used.</param>
/// <param name="Metric">Cost in the source's own measure.</param>
/// <param name="Tag">Carried along for filters.</param>
/// <param name="Selected">True for the one that packets take.</param>
/// <param name="AgeSeconds">Seconds since it became, or last changed as, the one that packets take; null for one that they do not.</param>
/// <param name="NextHops">Where it leads; none for what is dropped.</param>
public sealed record RouteStatus(
    string Router, string Prefix, string Source, string Kind, int Distance, long Metric, long Tag, bool Selected, long? AgeSeconds, IReadOnlyList<NextHopStatus> NextHops);
