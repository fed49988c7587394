using Fabric.Link;
using Fabric.Wire;

namespace Fabric.Hosts;

/// <summary>What a host is.</summary>
public sealed record HostOptions
{
    /// <summary>Its name, and its port's.</summary>
    public required string Name { get; init; }

    /// <summary>Its Ethernet address, not a group.</summary>
    public required MacAddress Mac { get; init; }

    /// <summary>Addresses of its own, either family. An IPv6 link-local address is added unless there is one.</summary>
    public IReadOnlyList<IpPrefix> Addresses { get; init; } = [];

    /// <summary>Where IPv4 packets for other networks go; null for nowhere, unless DHCP tells.</summary>
    public IpAddress? Gateway { get; init; }

    /// <summary>Where IPv6 packets for other networks go; null for nowhere, unless a router advertises itself.</summary>
    public IpAddress? GatewayV6 { get; init; }

    /// <summary>Longest IP packet that one frame carries, in bytes: 1,280 … 65,535.</summary>
    public int Mtu { get; init; } = 1500;

    /// <summary>VLAN whose tag the host's own frames carry, 1 … 4,094; null for no tag.</summary>
    public int? Vlan { get; init; }

    /// <summary>Take an IPv4 address from a DHCP server.</summary>
    public bool UseDhcp { get; init; }

    /// <summary>Ask for routers and form IPv6 addresses from their prefixes (RFC 4862).</summary>
    public bool Autoconfigure { get; init; }

    /// <summary>Have no IPv6 at all when false.</summary>
    public bool UseV6 { get; init; } = true;

    /// <summary>Probe each address before using it (RFC 5227, 2.1; RFC 4862, 5.4): a start takes some seconds. When false, addresses are
    /// used at once, announced, and given up (IPv6) or defended (IPv4) when somebody else turns out to have them.</summary>
    public bool DetectConflicts { get; init; }

    /// <summary>Answer at UDP and TCP port 7 (RFC 862).</summary>
    public bool EchoServices { get; init; }

    /// <summary>Unfinished frames that the host takes, and sends itself where its port takes them.</summary>
    public FrameOffloads Offloads { get; init; }

    /// <summary>Where the host's choices start from: identifiers, ports, sequence numbers, jitter.</summary>
    public int Seed { get; init; } = 1;
}
