using Fabric.Link;

namespace Fabric.Switch;

/// <summary>What a switch has done. Written by the worker inside the switch, read from any thread.</summary>
/// <remarks>Frames that a port took in but could not deliver are that port's own drops and not counted here.</remarks>
public sealed class SwitchCounters
{
    private static readonly int Reasons = Enum.GetValues<DropReason>().Length;
    private readonly long[] _drops = new long[Reasons];
    private readonly long[] _copyDrops = new long[Reasons];
    private long _received;
    private long _consumed;
    private long _forwarded;
    private long _flooded;
    private long _unknownUnicast;
    private long _learned;
    private long _moved;
    private long _aged;
    private long _tableFull;
    private long _evicted;

    /// <summary>Frames taken in. Each is in the end one of <see cref="Forwarded"/>, <see cref="Flooded"/>, <see cref="Consumed"/>, or
    /// dropped for one reason.</summary>
    public long Received => Volatile.Read(ref _received);

    /// <summary>Frames that a protocol of the switch took for itself.</summary>
    public long Consumed => Volatile.Read(ref _consumed);

    /// <summary>Frames sent to the one port that leads to their destination.</summary>
    public long Forwarded => Volatile.Read(ref _forwarded);

    /// <summary>Frames sent to all other ports that may have them: broadcast, multicast and unknown unicast.</summary>
    public long Flooded => Volatile.Read(ref _flooded);

    /// <summary>Frames whose destination was an unknown station.</summary>
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

    /// <summary>Frames the switch dropped for a reason, whole.</summary>
    /// <param name="reason">The reason.</param>
    public long Drops(DropReason reason) => Volatile.Read(ref _drops[(int)reason]);

    /// <summary>Copies of flooded frames that did not leave by a port, while others left by theirs: an access list of that port
    /// denies them, or their offload turned out wrong when they were finished for it.</summary>
    /// <param name="reason">The reason.</param>
    public long CopyDrops(DropReason reason) => Volatile.Read(ref _copyDrops[(int)reason]);

    internal void AddReceived(long frames) => Volatile.Write(ref _received, _received + frames);

    internal void AddConsumed(long frames) => Volatile.Write(ref _consumed, _consumed + frames);

    internal void AddForwarded(long frames) => Volatile.Write(ref _forwarded, _forwarded + frames);

    internal void AddFlooded(long frames) => Volatile.Write(ref _flooded, _flooded + frames);

    internal void AddUnknownUnicast(long frames) => Volatile.Write(ref _unknownUnicast, _unknownUnicast + frames);

    internal void AddLearned() => Volatile.Write(ref _learned, _learned + 1);

    internal void AddMoved() => Volatile.Write(ref _moved, _moved + 1);

    internal void AddAged(long entries) => Volatile.Write(ref _aged, _aged + entries);

    internal void AddTableFull() => Volatile.Write(ref _tableFull, _tableFull + 1);

    internal void AddEvicted() => Volatile.Write(ref _evicted, _evicted + 1);

    internal void AddCopyDrops(DropReason reason, long frames) =>
        Volatile.Write(ref _copyDrops[(int)reason], _copyDrops[(int)reason] + frames);

    internal void AddDrops(DropReason reason, long frames = 1) =>
        Volatile.Write(ref _drops[(int)reason], _drops[(int)reason] + frames);
}
