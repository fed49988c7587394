namespace Fabric.Switch.SpanningTree;

/// <summary>A port in the tree as it is now.</summary>
/// <param name="Port">The switch's number of the port.</param>
/// <param name="PortId">Priority in the highest 4 bits, number (from 1) below.</param>
/// <param name="Role">Its role.</param>
/// <param name="State">Its state.</param>
/// <param name="PathCost">Its cost on the way to the root.</param>
/// <param name="DesignatedBridge">The bridge that is designated on the link.</param>
/// <param name="DesignatedPort">That bridge's port.</param>
/// <param name="DesignatedCost">That bridge's cost to the root.</param>
/// <param name="IsEdge">No bridge is attached (operEdge).</param>
/// <param name="SendsRapid">True while it speaks the rapid protocol, false where a neighbour made it fall back (sendRSTP).</param>
/// <param name="IsGuarded">Shut by BPDU guard.</param>
/// <param name="IsRootInconsistent">Kept from becoming root port, or shut, by root guard.</param>
/// <param name="Counters">What it has seen.</param>
public sealed record PortTreeStatus(
    int Port,
    ushort PortId,
    PortRole Role,
    PortState State,
    uint PathCost,
    BridgeId DesignatedBridge,
    ushort DesignatedPort,
    uint DesignatedCost,
    bool IsEdge,
    bool SendsRapid,
    bool IsGuarded,
    bool IsRootInconsistent,
    PortTreeCounters Counters);
