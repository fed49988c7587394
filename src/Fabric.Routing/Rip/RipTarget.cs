using Fabric.Wire;

namespace Fabric.Routing.Rip;

/// <summary>Where packets are to go, and in which version.</summary>
/// <param name="Source">The sender's address.</param>
/// <param name="Destination">A group, a broadcast, or a neighbour.</param>
/// <param name="Port">The receiver's port.</param>
/// <param name="Version">One version; of no meaning in RIPng.</param>
internal readonly record struct RipTarget(IpAddress Source, IpAddress Destination, ushort Port, RipVersions Version);
