using System.Net;
using System.Net.NetworkInformation;

namespace Fabric.Topology;

/// <summary>An interface of the host that is plugged into a switch or a router.</summary>
/// <param name="Name">Name in the topology, and of the port.</param>
/// <param name="To">The switch, or interface of a router.</param>
/// <param name="Interface">Name of the host's interface.</param>
public sealed record TapModel(string Name, string To, string Interface)
{
    /// <summary>Network namespace it is made in, or null for the daemon's.</summary>
    public string? Namespace { get; init; }

    /// <summary>Number of queues.</summary>
    public int Queues { get; init; } = 1;

    /// <summary>Address that the interface gets, or null.</summary>
    public IPAddress? Address { get; init; }

    /// <summary>Prefix length of <see cref="Address"/> in bits; 0 without one.</summary>
    public int PrefixLength { get; init; }

    /// <summary>Ethernet address of the interface, or null for the host's choice.</summary>
    public PhysicalAddress? Mac { get; init; }

    /// <summary>Whether super-frames and partial checksums pass.</summary>
    public bool Offloads { get; init; } = true;

    /// <summary>What passes.</summary>
    public PortModel Port { get; init; } = PortModel.Plain;
}
