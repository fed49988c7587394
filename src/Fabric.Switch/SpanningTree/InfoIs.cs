namespace Fabric.Switch.SpanningTree;

/// <summary>Where a port's information comes from (IEEE 802.1D-2004, 17.19.10).</summary>
internal enum InfoIs
{
    /// <summary>The port is disabled.</summary>
    Disabled,

    /// <summary>From a BPDU.</summary>
    Received,

    /// <summary>From this bridge's root port or the bridge itself.</summary>
    Mine,

    /// <summary>From a BPDU, too long ago.</summary>
    Aged,
}
