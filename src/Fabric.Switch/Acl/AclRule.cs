using System.Net;
using Fabric.Wire;

namespace Fabric.Switch.Acl;

/// <summary>A rule of an <see cref="AccessList"/>: what it applies to, and what happens then. What is null does not matter.</summary>
public sealed record AclRule
{
    /// <summary>The octets of an address that count by default: all.</summary>
    public static MacAddress AllOctets => MacAddress.Broadcast;

    /// <summary>What happens to a frame the rule applies to.</summary>
    public required AclAction Action { get; init; }

    /// <summary>Frames the rule applies to also go to the mirrors that ask for them.</summary>
    public bool Mirrors { get; init; }

    /// <summary>Source station.</summary>
    public MacAddress? Source { get; init; }

    /// <summary>The bits of <see cref="Source"/> that count.</summary>
    public MacAddress SourceMask { get; init; } = AllOctets;

    /// <summary>Destination station.</summary>
    public MacAddress? Destination { get; init; }

    /// <summary>The bits of <see cref="Destination"/> that count.</summary>
    public MacAddress DestinationMask { get; init; } = AllOctets;

    /// <summary>Protocol of the payload, behind up to two tags.</summary>
    public EtherType? Type { get; init; }

    /// <summary>The VLAN; in a switch without VLANs, that of the frame's outer tag, and 0 without one.</summary>
    public int? Vid { get; init; }

    /// <summary>Source addresses, of IPv4 or IPv6.</summary>
    public IPNetwork? From { get; init; }

    /// <summary>Destination addresses, of the same version as <see cref="From"/>.</summary>
    public IPNetwork? To { get; init; }

    /// <summary>Protocol of the IP packet.</summary>
    public IpProtocol? Protocol { get; init; }

    /// <summary>Source ports, of TCP or UDP.</summary>
    public AclPortRange? FromPorts { get; init; }

    /// <summary>Destination ports, of TCP or UDP.</summary>
    public AclPortRange? ToPorts { get; init; }

    /// <summary>The TCP flags that are set among <see cref="FlagsMask"/>.</summary>
    public TcpFlags Flags { get; init; }

    /// <summary>The TCP flags that count; none when flags do not matter.</summary>
    public TcpFlags FlagsMask { get; init; }

    /// <summary>Type of an ICMP or ICMPv6 message.</summary>
    public byte? IcmpType { get; init; }
}
