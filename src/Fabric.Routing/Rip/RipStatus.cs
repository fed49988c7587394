namespace Fabric.Routing.Rip;

/// <summary>All of RIP in a router, as it is at a moment.</summary>
/// <param name="Interfaces">By number.</param>
/// <param name="Neighbors">By interface.</param>
/// <param name="Routes">By prefix.</param>
public sealed record RipStatus(IReadOnlyList<RipInterfaceStatus> Interfaces, IReadOnlyList<RipNeighborStatus> Neighbors, IReadOnlyList<RipRouteStatus> Routes);
