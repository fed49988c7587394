using System.Net;
using System.Net.NetworkInformation;

namespace Fabric.Topology;

/// <summary>An end point inside the daemon that answers, asks and measures like a machine.</summary>
public sealed record HostModel
{
    /// <summary>Name in the topology; also its port's.</summary>
    public required string Name { get; init; }

    /// <summary>Switch, or interface of a router, that it is plugged into.</summary>
    public required string To { get; init; }

    /// <summary>Ethernet address; given, or derived from topology and name, the same at every start.</summary>
    public required PhysicalAddress Mac { get; init; }

    /// <summary>Addresses of either family with their prefix lengths, without the link-local one.</summary>
    public required IReadOnlyList<(IPAddress Address, int PrefixLength)> Addresses { get; init; }

    /// <summary>Where IPv4 packets for other networks go, or null.</summary>
    public IPAddress? Gateway { get; init; }

    /// <summary>Where IPv6 packets for other networks go, or null.</summary>
    public IPAddress? GatewayV6 { get; init; }

    /// <summary>VLAN whose tag its frames carry, or null.</summary>
    public int? Tag { get; init; }

    /// <summary>What the switch lets the port do.</summary>
    public PortModel Port { get; init; } = PortModel.Plain;

    /// <summary>Takes an IPv4 address from a DHCP server.</summary>
    public bool UseDhcp { get; init; }

    /// <summary>Forms IPv6 addresses from the prefixes that routers advertise.</summary>
    public bool Autoconfigure { get; init; }

    /// <summary>Answers at UDP and TCP port 7.</summary>
    public bool OffersEcho { get; init; }

    /// <summary>Counts at UDP port 9 what generators send.</summary>
    public bool OffersSink { get; init; }

    /// <summary>What it sends from the start on.</summary>
    public IReadOnlyList<TrafficModel> Traffic { get; init; } = [];
}
