using Fabric.Wire;

namespace Fabric.Routing.Rip;

/// <summary>The administrative distance of what certain neighbours tell.</summary>
/// <param name="Neighbors">The network that the neighbours' addresses are in; the longest that matches counts.</param>
/// <param name="Distance">1 … 255; what has 255 is not used.</param>
public sealed record RipDistance(IpPrefix Neighbors, byte Distance);
