using Fabric.Link;

namespace Fabric.Switch;

/// <summary>What a switch has done. Written by the worker inside the switch, read from any thread.</summary>
/// <remarks>Frames that a port took in but could not deliver are that port's own drops and not counted here.</remarks>
public sealed class SwitchCounters
{
    private static readonly int Reasons = Enum.GetValues<DropReason>().Length;
    private readonly long[] _drops = new long[Reasons];
    private long _forwarded;
    private long _flooded;
    private long _unknownUnicast;
    private long _learned;
    private long _moved;
    private long _aged;
    private long _tableFull;
    private long _evicted;

    /// <summary>Frames sent to the one port that leads to their destination.</summary>
    public long Forwarded => Volatile.Read(ref _forwarded);

    /// <summary>Frames sent to all other ports: broadcast, multicast and unknown unicast.</summary>
    public long Flooded => Volatile.Read(ref _flooded);

    /// <summary>The part of <see cref="Flooded"/> whose destination was an unknown station.</summary>
    public long UnknownUnicast => Volatile.Read(ref _unknownUnicast);

    /// <summary>Addresses entered into the table.</summary>
    public long Learned => Volatile.Read(ref _learned);

    /// <summary>Addresses that turned up on another port.</summary>
    public long Moved => Volatile.Read(ref _moved);

    /// <summary>Addresses forgotten because they were silent.</summary>
    public long Aged => Volatile.Read(ref _aged);

    /// <summary>Frames whose source was not learned because the table was full, and their port had its share of it.</summary>
    public long TableFull => Volatile.Read(ref _tableFull);

    /// <summary>Addresses forgotten to make room for a port that had less than its share of a full table.</summary>
    public long Evicted => Volatile.Read(ref _evicted);

    /// <summary>Frames the switch dropped for a reason. One whose offload turns out wrong only when it is finished for a port counts
    /// once for each such port.</summary>
    /// <param name="reason">The reason.</param>
    public long Drops(DropReason reason) => Volatile.Read(ref _drops[(int)reason]);

    internal void AddForwarded(long frames) => Volatile.Write(ref _forwarded, _forwarded + frames);

    internal void AddFlooded(long frames) => Volatile.Write(ref _flooded, _flooded + frames);

    internal void AddUnknownUnicast() => Volatile.Write(ref _unknownUnicast, _unknownUnicast + 1);

    internal void AddLearned() => Volatile.Write(ref _learned, _learned + 1);

    internal void AddMoved() => Volatile.Write(ref _moved, _moved + 1);

    internal void AddAged(long entries) => Volatile.Write(ref _aged, _aged + entries);

    internal void AddTableFull() => Volatile.Write(ref _tableFull, _tableFull + 1);

    internal void AddEvicted() => Volatile.Write(ref _evicted, _evicted + 1);

    internal void AddDrops(DropReason reason, long frames = 1) =>
        Volatile.Write(ref _drops[(int)reason], _drops[(int)reason] + frames);
}
