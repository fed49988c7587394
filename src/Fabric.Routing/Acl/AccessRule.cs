using Fabric.Wire;

namespace Fabric.Routing.Acl;

/// <summary>A rule of an <see cref="AccessList"/>: what it applies to, and what happens then. What is null does not matter.</summary>
public sealed record AccessRule
{
    /// <summary>What happens to a packet the rule applies to.</summary>
    public required AccessAction Action { get; init; }

    /// <summary>Source network.</summary>
    public IpPrefix? From { get; init; }

    /// <summary>Destination network, of the same family as <see cref="From"/>.</summary>
    public IpPrefix? To { get; init; }

    /// <summary>Protocol behind the IP header and its extensions.</summary>
    public IpProtocol? Protocol { get; init; }

    /// <summary>Source ports, of TCP or UDP.</summary>
    public PortRange? FromPorts { get; init; }

    /// <summary>Destination ports, of TCP or UDP.</summary>
    public PortRange? ToPorts { get; init; }
}
