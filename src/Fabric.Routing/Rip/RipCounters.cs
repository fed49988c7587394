namespace Fabric.Routing.Rip;

/// <summary>What an interface, or a neighbour, has sent and received by RIP. Written under the router's control lock; any thread may
/// read.</summary>
public sealed class RipCounters
{
    private static readonly RipDrop[] Reasons = Enum.GetValues<RipDrop>();
    private readonly long[] _drops = new long[Reasons.Length];
    private long _packetsReceived;
    private long _entriesReceived;
    private long _packetsSent;
    private long _triggered;

    /// <summary>Packets that arrived, refused ones included.</summary>
    public long PacketsReceived => Volatile.Read(ref _packetsReceived);

    /// <summary>Routes in them, refused ones included.</summary>
    public long EntriesReceived => Volatile.Read(ref _entriesReceived);

    /// <summary>Packets sent.</summary>
    public long PacketsSent => Volatile.Read(ref _packetsSent);

    /// <summary>Triggered updates sent, however many packets each.</summary>
    public long TriggeredUpdates => Volatile.Read(ref _triggered);

    /// <summary>Packets refused.</summary>
    public long BadPackets => Sum(RipDrop.Malformed, RipDrop.Busy);

    /// <summary>Routes refused.</summary>
    public long BadRoutes => Sum(RipDrop.Family, RipDrop.RouteLimit);

    /// <summary>Packets or entries not used for a reason.</summary>
    /// <param name="reason">The reason.</param>
    public long Drops(RipDrop reason) => Volatile.Read(ref _drops[(int)reason]);

    /// <summary>The reasons that have occurred, with their counts. Allocates.</summary>
    public IReadOnlyDictionary<RipDrop, long> AllDrops() => Reasons.Where(reason => Drops(reason) != 0).ToDictionary(reason => reason, Drops);

    internal void Receive() => Volatile.Write(ref _packetsReceived, _packetsReceived + 1);

    internal void Receive(int entries) => Volatile.Write(ref _entriesReceived, _entriesReceived + entries);

    internal void Send() => Volatile.Write(ref _packetsSent, _packetsSent + 1);

    internal void Trigger() => Volatile.Write(ref _triggered, _triggered + 1);

    internal void Drop(RipDrop reason) => Volatile.Write(ref _drops[(int)reason], _drops[(int)reason] + 1);

    private long Sum(RipDrop first, RipDrop last)
    {
        long sum = 0;
        for (RipDrop reason = first; reason <= last; reason++)
            sum += Drops(reason);
        return sum;
    }
}
