using Fabric.Wire;

namespace Fabric.Routing.Rip;

/// <summary>A neighbour, as it is at a moment.</summary>
/// <param name="Interface">Name of the interface.</param>
/// <param name="Address">Its address on the link.</param>
/// <param name="Version">The version it last spoke; 1 for RIPng.</param>
/// <param name="SinceHeard">Time since its last packet that was taken.</param>
/// <param name="Routes">Routes that lead by it.</param>
/// <param name="Distance">Administrative distance of what it tells.</param>
/// <param name="Counters">Goes on counting.</param>
public sealed record RipNeighborStatus(
    string Interface, IpAddress Address, byte Version, TimeSpan SinceHeard, int Routes, byte Distance, RipCounters Counters);
