using System.Net;

namespace Fabric.Topology;

/// <summary>A router.</summary>
public sealed record RouterModel
{
    /// <summary>Name in the topology.</summary>
    public required string Name { get; init; }

    /// <summary>Interfaces by name, in the file's order.</summary>
    public required IReadOnlyDictionary<string, RouterInterfaceModel> Interfaces { get; init; }

    /// <summary>Addresses of the router itself, up whatever its links do; with their prefix lengths.</summary>
    public IReadOnlyList<(IPAddress Address, int PrefixLength)> Loopback { get; init; } = [];

    /// <summary>Static routes, in the file's order.</summary>
    public IReadOnlyList<StaticRouteModel> Routes { get; init; } = [];

    /// <summary>How the addresses that static routes depend on are watched.</summary>
    public TrackingModel Tracking { get; init; } = new();

    /// <summary>How much others can make it keep and say.</summary>
    public RouterLimitsModel Limits { get; init; } = new();

    /// <summary>RIP version 1 or 2, or null for none.</summary>
    public RipModel? Rip { get; init; }

    /// <summary>RIPng, or null for none.</summary>
    public RipModel? Ripng { get; init; }

    /// <summary>Addresses given out by DHCP, by the name of the interface.</summary>
    public IReadOnlyDictionary<string, DhcpPoolModel> Dhcp { get; init; } = new Dictionary<string, DhcpPoolModel>();

    /// <summary>Router advertisements, by the name of the interface.</summary>
    public IReadOnlyDictionary<string, AdvertiseModel> Advertise { get; init; } = new Dictionary<string, AdvertiseModel>();
}
