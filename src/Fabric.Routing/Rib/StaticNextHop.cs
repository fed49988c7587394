using Fabric.Wire;

namespace Fabric.Routing.Rib;

/// <summary>Where a static route leads to.</summary>
/// <param name="Gateway">The next router; null where the network is on the interface's own link.</param>
/// <param name="Interface">Number of the interface; null to find the way to the gateway: on the link of an interface, or else over the route
/// to it. A link-local gateway needs one.</param>
public readonly record struct StaticNextHop(IpAddress? Gateway, int? Interface);
