namespace Fabric.Switch.SpanningTree;

/// <summary>What a port is in the tree (IEEE 802.1D-2004, 17.7).</summary>
public enum PortRole
{
    /// <summary>No link, or shut by BPDU guard.</summary>
    Disabled,

    /// <summary>Leads to the root.</summary>
    Root,

    /// <summary>Gives the best path to the root to what is attached.</summary>
    Designated,

    /// <summary>Another way to the root, kept shut.</summary>
    Alternate,

    /// <summary>Another way to where this bridge has a designated port already, kept shut.</summary>
    Backup,
}
