namespace Fabric.Link.Bonding;

/// <summary>States of LACP's receive machine that a port stays in (IEEE 802.1AX-2014, 6.4.12).</summary>
public enum LacpReceiveState
{
    /// <summary>PORT_DISABLED: no link.</summary>
    PortDisabled,

    /// <summary>EXPIRED: not heard for too long, or since the link came up.</summary>
    Expired,

    /// <summary>DEFAULTED: nobody there who speaks LACP.</summary>
    Defaulted,

    /// <summary>CURRENT: heard lately.</summary>
    Current,
}
