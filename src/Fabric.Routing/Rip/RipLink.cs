using Fabric.Wire;

namespace Fabric.Routing.Rip;

/// <summary>An interface, as RIP sees it.</summary>
internal sealed class RipLink(RouterInterface @interface, RipInterfaceOptions options)
{
    internal int Index { get; } = @interface.Index;

    internal RouterInterface Interface { get; set; } = @interface;

    internal RipInterfaceOptions Options { get; set; } = options;

    /// <summary>RIP is meant to run on it, it is up, and has an address to send from.</summary>
    internal bool IsActive { get; set; }

    /// <summary>Networks of its that the table tells of.</summary>
    internal IpPrefix[] Networks { get; set; } = [];

    /// <summary>When the next regular update is due; never when it sends none.</summary>
    internal long NextUpdate { get; set; } = long.MaxValue;

    /// <summary>The greatest sequence number sent.</summary>
    internal uint Sequence { get; set; }

    /// <summary>What is being sent, in order.</summary>
    internal Queue<RipSending> Sendings { get; } = new();

    /// <summary>When the rest of it is due; never when there is none.</summary>
    internal long Resume { get; set; } = long.MaxValue;

    internal Dictionary<IpAddress, RipNeighbor> Neighbors { get; } = [];

    internal RipCounters Counters { get; } = new();

    /// <summary>The times in nanoseconds.</summary>
    internal long Timeout { get; set; }

    internal long Garbage { get; set; }
}
