namespace Fabric.Topology;

/// <summary>How a switch takes part in a spanning tree. Times are in seconds.</summary>
/// <param name="IsRapid">True for RSTP, false for STP.</param>
/// <param name="Priority">Priority as root, a multiple of 4096.</param>
/// <param name="Hello">Between two messages.</param>
/// <param name="MaxAge">After which old information is dropped.</param>
/// <param name="ForwardDelay">In each state before forwarding.</param>
public sealed record SpanningTreeModel(bool IsRapid, int Priority, int Hello, int MaxAge, int ForwardDelay);
