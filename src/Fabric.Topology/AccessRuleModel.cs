using System.Net;
using System.Net.NetworkInformation;

namespace Fabric.Topology;

/// <summary>A rule of an access list. What is null does not matter.</summary>
/// <param name="Permits">Whether the frame may pass.</param>
public sealed record AccessRuleModel(bool Permits)
{
    /// <summary>With routers: the sender of a packet that may not pass is told.</summary>
    public bool Rejects { get; init; }

    /// <summary>Mirrors that take rules get a copy.</summary>
    public bool Mirrors { get; init; }

    /// <summary>Source network.</summary>
    public IPNetwork? From { get; init; }

    /// <summary>Destination network.</summary>
    public IPNetwork? To { get; init; }

    /// <summary>Source station.</summary>
    public PhysicalAddress? FromMac { get; init; }

    /// <summary>Destination station.</summary>
    public PhysicalAddress? ToMac { get; init; }

    /// <summary>The VLAN.</summary>
    public int? Vlan { get; init; }

    /// <summary>tcp, udp, icmp, icmp6, ip, ip6 or arp.</summary>
    public string? Protocol { get; init; }

    /// <summary>Destination ports of TCP or UDP, first and last.</summary>
    public (int First, int Last)? ToPorts { get; init; }

    /// <summary>Source ports of TCP or UDP, first and last.</summary>
    public (int First, int Last)? FromPorts { get; init; }
}
