using System.Net;

namespace Fabric.Topology;

/// <summary>The administrative distance of what certain neighbours tell; of several that fit, that with the longest prefix counts.</summary>
/// <param name="Neighbors">Network that the neighbours' addresses are in.</param>
/// <param name="Distance">1 … 255; what has 255 is not used.</param>
public sealed record RipDistanceModel(IPNetwork Neighbors, int Distance);
