using Fabric.Wire;

namespace Fabric.Routing.Rip;

/// <summary>A router that is heard on a link.</summary>
internal sealed class RipNeighbor(int number, RipLink link, IpAddress address, byte distance)
{
    /// <summary>Its number in the process; used again after its end.</summary>
    internal int Number { get; } = number;

    internal RipLink Link { get; } = link;

    internal IpAddress Address { get; } = address;

    /// <summary>Administrative distance of what it tells.</summary>
    internal byte Distance { get; set; } = distance;

    internal byte Version { get; set; }

    /// <summary>When its last packet was taken.</summary>
    internal long Heard { get; set; }

    /// <summary>The sequence number of its last packet that was authentic; null before the first.</summary>
    internal uint? Sequence { get; set; }

    /// <summary>Routes that lead by it.</summary>
    internal int Routes { get; set; }

    /// <summary>Where in the table the next route it tells of may be.</summary>
    internal int Guess { get; set; }

    internal RipCounters Counters { get; } = new();

    /// <summary>Itself as the only next hop: shared by its routes.</summary>
    internal NextHop[] NextHops { get; } = [new NextHop(link.Index, address)];
}
