namespace Fabric.Daemon.Control;

/// <summary>A neighbour that speaks RIP.</summary>
/// <param name="Interface">The interface on whose link it is.</param>
/// <param name="Address">Its address there.</param>
/// <param name="Version">Version it last spoke.</param>
/// <param name="HeardSeconds">Seconds since its last packet that was taken.</param>
/// <param name="Routes">Routes that lead by it.</param>
/// <param name="BadPackets">Packets of it that were refused.</param>
/// <param name="BadRoutes">Routes of it that were refused.</param>
public sealed record RipReportNeighbor(string Interface, string Address, int Version, double HeardSeconds, int Routes, long BadPackets, long BadRoutes);
