namespace Fabric.Link.Bonding;

/// <summary>What the selection logic has decided about a port (IEEE 802.1AX-2014, 6.4.8 and 6.4.14).</summary>
public enum LacpSelected
{
    /// <summary>UNSELECTED: no part of the bond.</summary>
    Unselected,

    /// <summary>STANDBY: would be, were the bond not full.</summary>
    Standby,

    /// <summary>SELECTED.</summary>
    Selected,
}
