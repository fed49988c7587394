using Fabric.Wire;

namespace Fabric.Routing.Neighbors;

/// <summary>A station on one of a router's links.</summary>
/// <param name="Interface">Number of the interface.</param>
/// <param name="Address">Its IP address.</param>
/// <param name="Mac">Its Ethernet address; zero while <see cref="NeighborState.Incomplete"/>.</param>
/// <param name="State">How sure that is.</param>
public sealed record NeighborEntry(int Interface, IpAddress Address, MacAddress Mac, NeighborState State);
