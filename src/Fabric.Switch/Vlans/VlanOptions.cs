using Fabric.Switch.Acl;

namespace Fabric.Switch.Vlans;

/// <summary>What holds for a VLAN on all ports of a switch.</summary>
public sealed record VlanOptions
{
    /// <summary>Applied to frames of the VLAN that come in, after the port's own list; null to permit all.</summary>
    public AccessList? IngressAcl { get; init; }

    /// <summary>Applied to frames of the VLAN that leave, before the port's own list; null to permit all.</summary>
    public AccessList? EgressAcl { get; init; }
}
