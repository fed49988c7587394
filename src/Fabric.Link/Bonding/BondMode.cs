namespace Fabric.Link.Bonding;

/// <summary>How a bond decides which of its members it uses.</summary>
public enum BondMode
{
    /// <summary>Those that LACP agrees on with the other side (IEEE 802.1AX-2014, clause 6).</summary>
    Lacp,

    /// <summary>All whose link is up; the other side must be configured alike.</summary>
    Static,

    /// <summary>One at a time, the best whose link is up; the other side need not know.</summary>
    ActiveBackup,
}
