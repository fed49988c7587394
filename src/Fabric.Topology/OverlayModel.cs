using System.Net;
using System.Net.NetworkInformation;

namespace Fabric.Topology;

/// <summary>A VXLAN segment (RFC 7348) that a switch, or one VLAN of it, shares with other tunnel end points.</summary>
/// <param name="Name">Name in the topology, and of the switch's port.</param>
/// <param name="To">The switch it is plugged into.</param>
/// <param name="Vni">VXLAN network identifier.</param>
/// <param name="EndPoint">This end of its tunnels; overlays of one address and UDP port share it.</param>
/// <param name="Port">What passes.</param>
public sealed record OverlayModel(string Name, string To, int Vni, TunnelEndModel EndPoint, PortModel Port)
{
    /// <summary>Addresses of the other end points, or of multicast groups that they are members of.</summary>
    public IReadOnlyList<IPAddress> Remotes { get; init; } = [];

    /// <summary>Stations that are always behind the same one of <see cref="Remotes"/>.</summary>
    public IReadOnlyList<(PhysicalAddress Station, IPAddress Remote)> Stations { get; init; } = [];

    /// <summary>Whether frames from end points that are not named are taken, and their stations learned.</summary>
    public bool TakesStrangers { get; init; }

    /// <summary>Whether frames teach behind which end point a station is.</summary>
    public bool Learns { get; init; } = true;

    /// <summary>Whether ARP requests and neighbour solicitations for known stations are answered at this end.</summary>
    public bool Answers { get; init; }

    /// <summary>Most frames a second that are flooded, or null for no limit.</summary>
    public int? FloodLimit { get; init; }

    /// <summary>Most stations remembered, or null for the usual.</summary>
    public int? MaxStations { get; init; }

    /// <summary>Longest packet of the segment's stations in bytes.</summary>
    public required int Mtu { get; init; }

    /// <summary>True when the file says the longest packet, false when it follows from the usual MTU of the network between the ends.</summary>
    public bool HasOwnMtu { get; init; }
}
