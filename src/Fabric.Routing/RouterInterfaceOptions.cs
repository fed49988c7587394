using Fabric.Routing.Forwarding;
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

}
