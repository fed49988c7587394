namespace Fabric.Switch.SpanningTree;

/// <summary>A bridge in the tree as it is now. Times are in seconds.</summary>
/// <param name="Bridge">This bridge.</param>
/// <param name="Root">The root bridge.</param>
/// <param name="RootPathCost">Cost of the path to the root.</param>
/// <param name="RootPort">The switch's number of the root port; null when this bridge is the root.</param>
/// <param name="MaxAge">The root's max age.</param>
/// <param name="HelloTime">The root's hello time.</param>
/// <param name="ForwardDelay">The root's forward delay.</param>
/// <param name="TopologyChanges">Topology changes that ports of this bridge detected or heard of.</param>
/// <param name="SinceTopologyChange">Time since the last one; null when there was none.</param>
/// <param name="Ports">The ports, by number.</param>
public sealed record SpanningTreeStatus(
    BridgeId Bridge,
    BridgeId Root,
    uint RootPathCost,
    int? RootPort,
    int MaxAge,
    int HelloTime,
    int ForwardDelay,
    long TopologyChanges,
    long? SinceTopologyChange,
    IReadOnlyList<PortTreeStatus> Ports);
