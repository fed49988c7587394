using Fabric.Wire;

namespace Fabric.Routing.Rip;

/// <summary>A route of RIP's table, as it is at a moment.</summary>
/// <param name="Prefix">The network.</param>
/// <param name="Origin">Whose it is.</param>
/// <param name="Metric">1 … 16; 16 for a dead one that is still told of.</param>
/// <param name="Tag">The tag.</param>
/// <param name="NextHops">Where it leads; none for a dead one, and for one of the router's own without.</param>
/// <param name="Remaining">Time until it dies when nobody tells of it, or until a dead one is forgotten; null for the router's own.</param>
public sealed record RipRouteStatus(IpPrefix Prefix, RipOrigin Origin, byte Metric, ushort Tag, NextHop[] NextHops, TimeSpan? Remaining);
