namespace Fabric.Hosts.Dhcp;

/// <summary>Where a DHCP client stands (RFC 2131, 4.4, figure 5).</summary>
public enum DhcpState
{
    /// <summary>Not begun, or released.</summary>
    Off,

    /// <summary>Asks which servers there are.</summary>
    Selecting,

    /// <summary>Has chosen an offer.</summary>
    Requesting,

    /// <summary>Has an address.</summary>
    Bound,

    /// <summary>Asks its server for more time.</summary>
    Renewing,

    /// <summary>Asks any server for more time.</summary>
    Rebinding,
}
