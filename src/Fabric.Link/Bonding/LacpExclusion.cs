namespace Fabric.Link.Bonding;

/// <summary>Why a port is not selected.</summary>
public enum LacpExclusion
{
    /// <summary>It is, or is about to be.</summary>
    None,

    /// <summary>Its link is down.</summary>
    LinkDown,

    /// <summary>Nobody at the other side speaks LACP.</summary>
    NoPartner,

    /// <summary>The other side does not want the link aggregated, and another is in use.</summary>
    Individual,

    /// <summary>The other side is this system.</summary>
    Loopback,

    /// <summary>The other side is another system than that of the bond, or has another key: a cable in the wrong place.</summary>
    OtherPartner,

    /// <summary>Fewer members could be used than the bond needs.</summary>
    TooFewLinks,

    /// <summary>The bond is full; this one stands by.</summary>
    Full,
}
