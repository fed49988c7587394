namespace Fabric.Overlay;

/// <summary>What a segment's forwarding has done, beside the frames and drops that its port counts. Read from any thread.</summary>
/// <remarks>Everything that does not pass is counted by reason in the port's counters; a flooded frame that some VTEPs get and others do not
/// counts once for each that does not.</remarks>
public sealed class SegmentCounters
{
    private long _flooded;
    private long _replicas;
    private long _unknownUnicast;
    private long _learned;
    private long _moved;
    private long _aged;
    private long _tableFull;
    private long _evicted;
    private long _suppressed;
    private long _joined;
    private long _clampedOut;
    private long _clampedIn;
    private long _tooBig;
    private long _tooBigTold;

    /// <summary>Frames for more than one station, or for one that is not known, sent to all VTEPs of the segment.</summary>
    public long Flooded => Volatile.Read(ref _flooded);

    /// <summary>Packets made of them.</summary>
    public long Replicas => Volatile.Read(ref _replicas);

    /// <summary>Those of the flooded frames whose destination was an unknown station.</summary>
    public long UnknownUnicast => Volatile.Read(ref _unknownUnicast);

    /// <summary>Stations learned.</summary>
    public long Learned => Volatile.Read(ref _learned);

    /// <summary>Stations that turned up behind another VTEP, or on this side.</summary>
    public long Moved => Volatile.Read(ref _moved);

    /// <summary>Stations forgotten because they were silent.</summary>
    public long Aged => Volatile.Read(ref _aged);

    /// <summary>Frames whose source was not learned because the table, or the VTEP's part of it, was full.</summary>
    public long TableFull => Volatile.Read(ref _tableFull);

    /// <summary>Stations forgotten to make room for a VTEP that had less than its share of a full table.</summary>
    public long Evicted => Volatile.Read(ref _evicted);

    /// <summary>ARP requests and neighbour solicitations answered here.</summary>
    public long Suppressed => Volatile.Read(ref _suppressed);

    /// <summary>TCP segments received that went on as part of a super-frame.</summary>
    public long Joined => Volatile.Read(ref _joined);

    /// <summary>SYNs whose maximum segment size was lowered, in both directions.</summary>
    public long MssClamped => Volatile.Read(ref _clampedOut) + Volatile.Read(ref _clampedIn);

    /// <summary>Packets too long for the tunnel, dropped; a super-frame of too long segments counts once.</summary>
    public long TooBig => Volatile.Read(ref _tooBig);

    /// <summary>Those of them whose sender was told (ICMP and ICMPv6).</summary>
    public long TooBigTold => Volatile.Read(ref _tooBigTold);

    internal void AddFlooded(long replicas)
    {
        Volatile.Write(ref _flooded, _flooded + 1);
        Volatile.Write(ref _replicas, _replicas + replicas);
    }

    internal void AddUnknownUnicast() => Volatile.Write(ref _unknownUnicast, _unknownUnicast + 1);

    internal void AddLearned() => Volatile.Write(ref _learned, _learned + 1);

    internal void AddMoved() => Volatile.Write(ref _moved, _moved + 1);

    internal void AddAged(long stations) => Volatile.Write(ref _aged, _aged + stations);

    internal void AddTableFull() => Volatile.Write(ref _tableFull, _tableFull + 1);

    internal void AddEvicted() => Volatile.Write(ref _evicted, _evicted + 1);

    internal void AddSuppressed() => Volatile.Write(ref _suppressed, _suppressed + 1);

    internal void AddJoined(long segments) => Volatile.Write(ref _joined, _joined + segments);

    // Each of these two has one writer at a time: the transmit side, and the worker.
    internal void AddClampedOut() => Volatile.Write(ref _clampedOut, _clampedOut + 1);

    internal void AddClampedIn() => Volatile.Write(ref _clampedIn, _clampedIn + 1);

    internal void AddTooBig() => Volatile.Write(ref _tooBig, _tooBig + 1);

    internal void AddTooBigTold() => Volatile.Write(ref _tooBigTold, _tooBigTold + 1);
}
