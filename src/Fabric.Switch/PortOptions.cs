using Fabric.Link;
using Fabric.Switch.Acl;
using Fabric.Switch.Policing;
using Fabric.Switch.Vlans;

namespace Fabric.Switch;

/// <summary>What a switch lets a port do. The default is a plain port: everything passes, nothing is looked at twice.</summary>
public sealed record PortOptions
{
    /// <summary>A plain port.</summary>
    public static PortOptions Plain { get; } = new();

    /// <summary>The VLANs of the port; null for none. Where no port of a switch has any, the switch passes tagged frames as they are;
    /// where one has, a port without is an access port of VLAN 1.</summary>
    public PortVlan? Vlan { get; init; }

    /// <summary>Frames to the reserved group addresses 01-80-C2-00-00-00 … 0F that no protocol of the switch takes pass between ports
    /// with this option: LLDP, LACP and spanning trees of the attached ends, as through a cable.</summary>
    public bool ForwardReserved { get; init; }

    /// <summary>An isolated port exchanges frames only with ports that are not isolated.</summary>
    public bool IsIsolated { get; init; }

    /// <summary>False: addresses behind the port are not learned.</summary>
    public bool Learns { get; init; } = true;

    /// <summary>Most addresses learned on the port at a time; 0 for no limit but its share of the table. Frames from further ones
    /// pass without being learned, or, where there is <see cref="Security"/>, are violations.</summary>
    public int MaxAddresses { get; init; }

    /// <summary>What happens to a frame from an address that the port may not use; null to let it pass.</summary>
    public PortSecurity? Security { get; init; }

    /// <summary>Most that the port may send into the switch; null for no limit. What exceeds it is dropped.</summary>
    public RateLimit? Police { get; init; }

    /// <summary>Most frames that go to many ports; null for no limit.</summary>
    public StormLimits? Storm { get; init; }

    /// <summary>Applied to frames that come in; null to permit all.</summary>
    public AccessList? IngressAcl { get; init; }

    /// <summary>Applied to frames that leave; null to permit all.</summary>
    public AccessList? EgressAcl { get; init; }
}
