namespace Fabric.Hosts;

/// <summary>Where a host has an address from.</summary>
public enum AddressOrigin
{
    /// <summary>Its options.</summary>
    Configured,

    /// <summary>Its Ethernet address, for the link alone.</summary>
    LinkLocal,

    /// <summary>A router's prefix (RFC 4862).</summary>
    Autoconfigured,

    /// <summary>A DHCP server (RFC 2131).</summary>
    Dhcp,
}
