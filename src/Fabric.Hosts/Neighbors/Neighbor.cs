using Fabric.Wire;

namespace Fabric.Hosts.Neighbors;

/// <summary>An entry of the neighbour cache, and the frames that wait for it.</summary>
internal sealed class Neighbor(IpAddress address)
{
    internal IpAddress Address { get; } = address;

    internal MacAddress Mac { get; set; }

    internal NeighborState State { get; set; } = NeighborState.Incomplete;

    /// <summary>When the state ends by itself; never for <see cref="NeighborState.Stale"/>.</summary>
    internal long Until { get; set; } = Timed.Never;

    internal int Solicitations { get; set; }

    /// <summary>When it was last used, for the choice of whom to forget.</summary>
    internal long LastUse { get; set; }

    /// <summary>Frames without their destination, oldest first; null when none wait.</summary>
    internal Queue<StoredFrame>? Waiting { get; set; }
}
