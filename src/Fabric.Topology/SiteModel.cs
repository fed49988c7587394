using System.Net;

namespace Fabric.Topology;

/// <summary>A machine, and the part of the topology that runs on it.</summary>
/// <param name="Name">Name in the topology.</param>
/// <param name="Address">Address at which other sites reach it.</param>
/// <param name="Namespace">Network namespace that the address is in, a name or a process id; null for the daemon's own.</param>
/// <param name="Nodes">Switches and routers that run there; what is plugged into them does too.</param>
public sealed record SiteModel(string Name, IPAddress Address, string? Namespace, IReadOnlyList<string> Nodes)
{
    /// <summary>Router that the overlays' tunnels of the site start at; null for the machine itself.</summary>
    public string? Underlay { get; init; }

    /// <summary>Address that the overlays' tunnels of the site end at: the machine's, or the router's.</summary>
    public IPAddress TunnelAddress { get; init; } = Address;
}
