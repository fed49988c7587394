namespace Fabric.Switch.SpanningTree;

/// <summary>Spanning tree priority vector without the receiving port (IEEE 802.1D-2004, 17.5): the lower, the better.</summary>
/// <param name="Root">The root bridge.</param>
/// <param name="RootPathCost">Cost of the path to it.</param>
/// <param name="DesignatedBridge">The bridge that says so.</param>
/// <param name="DesignatedPort">Its port.</param>
internal readonly record struct PriorityVector(BridgeId Root, uint RootPathCost, BridgeId DesignatedBridge, ushort DesignatedPort)
    : IComparable<PriorityVector>
{
    public int CompareTo(PriorityVector other)
    {
        int order = Root.Value.CompareTo(other.Root.Value);
        if (order == 0)
            order = RootPathCost.CompareTo(other.RootPathCost);
        if (order == 0)
            order = DesignatedBridge.Value.CompareTo(other.DesignatedBridge.Value);
        return order != 0 ? order : DesignatedPort.CompareTo(other.DesignatedPort);
    }

    internal bool IsBetterThan(in PriorityVector other) => CompareTo(other) < 0;

    internal bool IsBetterOrSame(in PriorityVector other) => CompareTo(other) <= 0;

    /// <summary>17.6: better, or news from the very bridge and port that the present vector came from, even if worse.</summary>
    internal bool IsSuperiorTo(in PriorityVector other) =>
        IsBetterThan(other) || (DesignatedBridge.Address == other.DesignatedBridge.Address && DesignatedPort == other.DesignatedPort);

    /// <summary>The root path priority vector (17.6). A cost at the end of its range stays there rather than becoming a good one.</summary>
    internal PriorityVector Plus(uint portPathCost) =>
        this with { RootPathCost = (uint)Math.Min((ulong)RootPathCost + portPathCost, uint.MaxValue) };
}
