using Fabric.Wire;

namespace Fabric.Hosts.Neighbors;

/// <summary>A station on the link.</summary>
/// <param name="Address">Its IP address.</param>
/// <param name="Mac">Its Ethernet address; zero while <see cref="NeighborState.Incomplete"/>.</param>
/// <param name="State">How sure that is.</param>
public sealed record NeighborEntry(IpAddress Address, MacAddress Mac, NeighborState State);
