namespace Fabric.Link;

/// <summary>Why a frame went no further. Each drop has exactly one reason and is counted once, at the place that dropped it.</summary>
public enum DropReason
{
    /// <summary>Shorter than an Ethernet header.</summary>
    Truncated,

    /// <summary>Longer than the port carries.</summary>
    Oversized,

    /// <summary>The offload header contradicts the frame.</summary>
    BadOffload,

    /// <summary>A descriptor chain that is no valid frame.</summary>
    BadDescriptor,

    /// <summary>The source address is a group address.</summary>
    GroupSource,

    /// <summary>The attached end has no buffers left.</summary>
    NoBuffer,

    /// <summary>The attached end is not up: no driver, link down.</summary>
    LinkDown,

    /// <summary>The frame carries an offload that the port cannot take.</summary>
    UnsupportedOffload,

    /// <summary>The destination is on the port the frame came from.</summary>
    SamePort,

    /// <summary>Nowhere to go: no other port.</summary>
    NoPort,

    /// <summary>A group address that stays on its link: 01-80-C2-00-00-00 … 0F (IEEE 802.1D-2004, 7.12.6).</summary>
    ReservedGroup,

    /// <summary>A datagram from another address than the peer's.</summary>
    BadPeer,
}
