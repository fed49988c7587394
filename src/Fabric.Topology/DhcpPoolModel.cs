using System.Net;
using System.Net.NetworkInformation;

namespace Fabric.Topology;

/// <summary>The addresses that a router gives out on one of its interfaces.</summary>
/// <param name="First">First address of the range.</param>
/// <param name="Last">Last address of the range.</param>
public sealed record DhcpPoolModel(IPAddress First, IPAddress Last)
{
    /// <summary>How long an address is given for.</summary>
    public TimeSpan Lease { get; init; } = TimeSpan.FromHours(1);

    /// <summary>Name servers that clients are told.</summary>
    public IReadOnlyList<IPAddress> Dns { get; init; } = [];

    /// <summary>Domain that clients are told, or null.</summary>
    public string? Domain { get; init; }

    /// <summary>Gateway that clients are told: the router's own address unless given.</summary>
    public required IPAddress Gateway { get; init; }

    /// <summary>Longest packet that clients are told to send in bytes, or null for the interface's.</summary>
    public int? Mtu { get; init; }

    /// <summary>Networks with gateways of their own that clients are told.</summary>
    public IReadOnlyList<(IPNetwork To, IPAddress Via)> Routes { get; init; } = [];

    /// <summary>True when clients are told of routes of which none leads everywhere: the gateway is told as one more.</summary>
    public bool NeedsDefault => Routes.Count > 0 && Routes.All(route => route.To.PrefixLength > 0);

    /// <summary>Addresses that always go to the same stations.</summary>
    public IReadOnlyList<(string Station, PhysicalAddress Mac, IPAddress Address)> Static { get; init; } = [];
}
