using System.Net;

namespace Fabric.Topology;

/// <summary>One end of a cable whose other end is at another site: a VXLAN segment of two ends between the machines' addresses.</summary>
/// <param name="End">Switch or router's interface at this end.</param>
/// <param name="Other">Switch or interface at the other end.</param>
/// <param name="Link">The cable.</param>
/// <param name="Vni">VXLAN network identifier, of those kept for cables; follows from the names.</param>
/// <param name="EndPoint">This end of the tunnel, which overlays may share.</param>
/// <param name="Remote">Address of the other machine.</param>
public sealed record CableModel(string End, string Other, LinkModel Link, int Vni, TunnelEndModel EndPoint, IPAddress Remote)
{
    /// <summary>Lowest identifier kept for cables; from here on they are no overlay's.</summary>
    public const int FirstVni = 0xFF_0000;

    /// <summary>Number of identifiers kept for cables.</summary>
    public const int Identifiers = 0x1_0000;

    /// <summary>Name of the port at this end.</summary>
    public string Port => End == Link.A ? Link.PortA : Link.PortB;

    /// <summary>Whether frames may have VLAN tags: a switch is at an end, or VLANs of a router go over the cable.</summary>
    public required bool CarriesTags { get; init; }

    /// <summary>Longest packet in bytes.</summary>
    public required int Mtu { get; init; }
}
