namespace Fabric.Link.Bonding;

/// <summary>States of LACP's mux machine with independent control (IEEE 802.1AX-2014, 6.4.15).</summary>
public enum LacpMuxState
{
    /// <summary>DETACHED: no part of the bond.</summary>
    Detached,

    /// <summary>WAITING: for other members that are about to join.</summary>
    Waiting,

    /// <summary>ATTACHED: part of the bond, and waits for the other side.</summary>
    Attached,

    /// <summary>COLLECTING: takes frames.</summary>
    Collecting,

    /// <summary>DISTRIBUTING: takes and sends frames.</summary>
    Distributing,
}
