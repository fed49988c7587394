namespace Fabric.Overlay;

/// <summary>What becomes of VLAN tags of inner frames (RFC 7348, 6.1).</summary>
public enum InnerTags
{
    /// <summary>Taken off before a frame is sent; a tagged frame that is received is dropped.</summary>
    Stripped,

    /// <summary>A tagged frame is dropped in both directions.</summary>
    Refused,

    /// <summary>Carried as they are.</summary>
    Carried,
}
