using Fabric.Routing.Acl;
using Fabric.Routing.Forwarding;
using Fabric.Routing.Neighbors;
using Fabric.Wire;

namespace Fabric.Routing;

/// <summary>What an interface of a router is.</summary>
public sealed record RouterInterfaceOptions
{
    /// <summary>Its name, such as <c>r1.lan</c>; no other interface of the router has it.</summary>
    public required string Name { get; init; }

    /// <summary>Its Ethernet address, not a group; of no meaning for a loopback.</summary>
    public MacAddress Mac { get; init; }

    /// <summary>Its addresses with the networks they are in, of either family. An IPv6 link-local address is added unless there is one.</summary>
    public IReadOnlyList<IpPrefix> Addresses { get; init; } = [];

    /// <summary>VLAN whose tag its frames carry, 1 … 4,094; null for frames without a tag.</summary>
    public int? Vlan { get; init; }

    /// <summary>Longest IP packet that one frame carries, in bytes: 1,280 … 65,535.</summary>
    public int Mtu { get; init; } = 1500;

    /// <summary>Have no IPv6 at all when false.</summary>
    public bool UseV6 { get; init; } = true;

    /// <summary>What the source of a packet that comes in must be (RFC 3704).</summary>
    public ReversePathCheck ReversePath { get; init; }

    /// <summary>Judges what comes in, for the router itself too; null for no list.</summary>
    public AccessList? AccessIn { get; init; }

    /// <summary>Judges what is sent on by it, not what the router itself sends; null for no list.</summary>
    public AccessList? AccessOut { get; init; }

    /// <summary>Tell hosts of the router and its prefixes (RFC 4861, 6.2); null to be silent.</summary>
    public RouterAdvertisementOptions? Advertisements { get; init; }

    /// <summary>Probe each address before using it (RFC 5227, 2.1; RFC 4862, 5.4): a start takes some seconds. When false, addresses are used
    /// at once and announced.</summary>
    public bool DetectConflicts { get; init; }
}
