using System.Net;

namespace Fabric.Topology;

/// <summary>A route that the operator has written.</summary>
/// <param name="To">The network.</param>
public sealed record StaticRouteModel(IPNetwork To)
{
    /// <summary>unicast, blackhole, unreachable or prohibited.</summary>
    public string Kind { get; init; } = "unicast";

    /// <summary>Next routers; several share the traffic. Empty for a network that is on the link of <see cref="Out"/>.</summary>
    public IReadOnlyList<IPAddress> Via { get; init; } = [];

    /// <summary>Interface it leaves by, or null to find it by <see cref="Via"/>.</summary>
    public string? Out { get; init; }

    /// <summary>Administrative distance.</summary>
    public int Distance { get; init; } = 1;

    /// <summary>Carried along for filters.</summary>
    public int Tag { get; init; }

    /// <summary>Address that must answer pings for the route to be there, or null.</summary>
    public IPAddress? Track { get; init; }
}
