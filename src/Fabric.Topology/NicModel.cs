using System.Net;
using System.Net.NetworkInformation;

namespace Fabric.Topology;

/// <summary>A guest NIC.</summary>
/// <param name="To">Switch, or interface of a router, that it is plugged into.</param>
/// <param name="Mac">Ethernet address; given, or derived from topology, machine and position, the same at every start.</param>
/// <param name="Address">IPv4 or IPv6 address that the guest configures, or null.</param>
/// <param name="PrefixLength">Prefix length of <paramref name="Address"/> in bits; 0 without one.</param>
public sealed record NicModel(string To, PhysicalAddress Mac, IPAddress? Address, int PrefixLength)
{
    /// <summary>IPv6 address that the guest configures besides, or null.</summary>
    public (IPAddress Address, int PrefixLength)? Address6 { get; init; }

    /// <summary>Where IPv4 packets for other networks go, or null.</summary>
    public IPAddress? Gateway { get; init; }

    /// <summary>Where IPv6 packets for other networks go, or null.</summary>
    public IPAddress? GatewayV6 { get; init; }

    /// <summary>The guest takes an IPv4 address from a DHCP server.</summary>
    public bool UseDhcp { get; init; }

    /// <summary>The guest forms IPv6 addresses from the prefixes that routers advertise.</summary>
    public bool Autoconfigure { get; init; }

    /// <summary>True when the guest gets addresses only once it runs.</summary>
    public bool IsDynamic => UseDhcp || Autoconfigure;

    /// <summary>With <see cref="UseDhcp"/>, the address that a router of the topology keeps for this NIC; null where that is known only once
    /// it is given.</summary>
    public IPAddress? Lease { get; init; }

    /// <summary>What the guest may leave to others: all, checksum or none.</summary>
    public string Offloads { get; init; } = "all";

    /// <summary>What passes.</summary>
    public PortModel Port { get; init; } = PortModel.Plain;
}
