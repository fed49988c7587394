using System.Net;
using System.Net.NetworkInformation;

namespace Fabric.Topology;

/// <summary>An interface of a router: the end of a cable, or a VLAN of another interface.</summary>
public sealed record RouterInterfaceModel
{
    /// <summary>Name of the router.</summary>
    public required string Router { get; init; }

    /// <summary>Name within the router.</summary>
    public required string Name { get; init; }

    /// <summary>Name in the topology, such as <c>r1.lan</c>; also its port's.</summary>
    public string FullName => $"{Router}.{Name}";

    /// <summary>Ethernet address; given, or derived from the names, the same at every start. A VLAN interface has that of its parent.</summary>
    public required PhysicalAddress Mac { get; init; }

    /// <summary>Longest IP packet in bytes.</summary>
    public required int Mtu { get; init; }

    /// <summary>Interface of the router over whose cable it goes, or null when it has a cable of its own.</summary>
    public string? Over { get; init; }

    /// <summary>VLAN whose tag its frames carry, or null.</summary>
    public int? Tag { get; init; }

    /// <summary>Addresses of either family with their prefix lengths.</summary>
    public required IReadOnlyList<(IPAddress Address, int PrefixLength)> Addresses { get; init; }

    /// <summary>IPv6 is spoken there.</summary>
    public bool UsesV6 { get; init; } = true;

    /// <summary>Which packets are dropped because the way back to their sender is another one: off, loose or strict (RFC 3704).</summary>
    public string ReversePath { get; init; } = "off";

    /// <summary>Name of the access list for packets that come in, or null.</summary>
    public string? FilterIn { get; init; }

    /// <summary>Name of the access list for packets that are sent on, or null.</summary>
    public string? FilterOut { get; init; }

    /// <summary>Ask whether somebody else has an address before it is used.</summary>
    public bool DetectsConflicts { get; init; }
}
