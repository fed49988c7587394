namespace Fabric.Overlay;

/// <summary>How a VTEP treats one segment.</summary>
public sealed record SegmentOptions
{
    /// <summary>Most that <see cref="MaxStations"/> may be: a sweep of the table stays well under a millisecond.</summary>
    public const int LargestTable = 131_072;

    /// <summary>VLAN tags of inner frames.</summary>
    public InnerTags Tags { get; init; }

    /// <summary>Whether sources of frames teach where stations are; without, static entries alone count, and other stations are flooded to.</summary>
    public bool Learns { get; init; } = true;

    /// <summary>Most stations remembered, static ones included: 1 … <see cref="LargestTable"/>. The memory is taken at the start.</summary>
    public int MaxStations { get; init; } = 16384;

    /// <summary>Most stations learned of one remote VTEP; 0 for no limit but its share when the table is full.</summary>
    public int MaxStationsPerRemote { get; init; }

    /// <summary>Whether frames from VTEPs that are not configured for the segment are taken, and their stations learned. Frames are never
    /// flooded to such a VTEP.</summary>
    public bool AcceptsUnknownRemotes { get; init; }

    /// <summary>Most frames a second that are flooded: broadcast, multicast and unknown stations, each counted once however many VTEPs it
    /// goes to; 0 for no limit. As many as come in a tenth of a second may come at once.</summary>
    public int FloodLimit { get; init; }

    /// <summary>Whether ARP requests and neighbour solicitations for known bindings are answered here in place of being flooded, and
    /// whether bindings are learned from ARP and neighbour advertisements that come in.</summary>
    public bool SuppressesNeighbors { get; init; }

    /// <summary>Whether TCP segments of a flow that come one behind the other are handed on as one super-frame, and UDP datagrams as ones
    /// that may be joined.</summary>
    public bool Coalesces { get; init; } = true;

    /// <summary>Whether inner frames that a kernel on the same host left without checksum, or uncut, are finished; they would be useless
    /// otherwise. Off where every sender is known to be on another host.</summary>
    public bool FindsUnfinished { get; init; } = true;

    /// <summary>Most bytes of a packet of the segment's stations; 0 for as many as the underlay carries, which is the limit in any case: see
    /// <see cref="VxlanPort.Mtu"/>.</summary>
    public int Mtu { get; init; }
}
