namespace Fabric.Switch.SpanningTree;

/// <summary>How a port takes part in the spanning tree (IEEE 802.1D-2004, 17.13 and 17.14).</summary>
public sealed record PortTreeOptions
{
    private const long DearestSpeed = 20_000_000;

    /// <summary>Priority among the ports of the bridge: a multiple of 16 up to 240, the lower the better.</summary>
    public int Priority { get; init; } = 128;

    /// <summary>Cost of the port on the way to the root, 1 … 200,000,000; null to take <see cref="CostOf"/> the speed.</summary>
    public int? PathCost { get; init; }

    /// <summary>Speed of the link in Mbit/s; a link inside one host has none, and counts as 10 Gbit/s.</summary>
    public long SpeedMegabits { get; init; } = 10_000;

    /// <summary>A host is attached, no bridge: forward at once, until a BPDU says otherwise.</summary>
    public bool AdminEdge { get; init; }

    /// <summary>Take the port as an edge when no bridge answers for three seconds.</summary>
    public bool AutoEdge { get; init; } = true;

    /// <summary>One bridge at most is attached, so that it can agree for all. False for a shared medium.</summary>
    public bool PointToPoint { get; init; } = true;

    /// <summary>Shut the port when a BPDU comes in, until its link goes down.</summary>
    public bool BpduGuard { get; init; }

    /// <summary>Never take the port as root port: what claims to be a better root there is shut out until it stops
    /// (IEEE 802.1Q-2018, 13.27.64 restrictedRole).</summary>
    public bool RootGuard { get; init; }

    internal uint EffectivePathCost => (uint)(PathCost ?? CostOf(SpeedMegabits));

    /// <summary>The recommended path cost of a speed (IEEE 802.1D-2004, table 17-3): 20,000 for 1 Gbit/s, in proportion.</summary>
    /// <param name="megabits">Speed in Mbit/s, above 0.</param>
    public static int CostOf(long megabits)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(megabits, 1);
        return (int)Math.Max(DearestSpeed / megabits, 1);
    }

    internal void Check()
    {
        if (Priority is < 0 or > 240 || Priority % 16 != 0)
            throw new ArgumentOutOfRangeException(nameof(Priority), Priority, "a port priority is a multiple of 16 up to 240");
        if (EffectivePathCost is < 1 or > 200_000_000)
            throw new ArgumentOutOfRangeException(nameof(PathCost), PathCost, "a path cost is 1 to 200,000,000");
    }
}
