namespace Fabric.Wire;

/// <summary>Kinds of bridge protocol data units (IEEE 802.1D-2004, 9.3).</summary>
public enum BpduKind
{
    /// <summary>Configuration BPDU of the spanning tree protocol (9.3.1).</summary>
    Configuration,

    /// <summary>Topology change notification BPDU of the spanning tree protocol (9.3.2).</summary>
    TopologyChange,

    /// <summary>Rapid spanning tree BPDU (9.3.3), also the part that a multiple spanning tree BPDU shares with it.</summary>
    Rapid,
}
