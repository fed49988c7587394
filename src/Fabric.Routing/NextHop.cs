using Fabric.Wire;

namespace Fabric.Routing;

/// <summary>Where a packet goes next.</summary>
/// <param name="Interface">Number of the router's interface.</param>
/// <param name="Gateway">The next router, which is on the interface's link; unspecified (of the route's family) when the destination
/// itself is on the link.</param>
public readonly record struct NextHop(int Interface, IpAddress Gateway)
{
    /// <summary>True when the destination is on the link.</summary>
    public bool IsOnLink => Gateway.IsUnspecified;
}
