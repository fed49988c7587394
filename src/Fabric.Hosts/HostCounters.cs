namespace Fabric.Hosts;

/// <summary>What a host has seen, done and thrown away. Written under the host's lock; any thread may read at any time.</summary>
public sealed class HostCounters
{
    private static readonly int Reasons = Enum.GetValues<HostDrop>().Length;
    private readonly long[] _drops = new long[Reasons];
    private long _received;
    private long _sent;

    /// <summary>Frames that arrived.</summary>
    public long Received => Volatile.Read(ref _received);

    /// <summary>Frames that were handed to the link.</summary>
    public long Sent => Volatile.Read(ref _sent);

    /// <summary>Sum of all drops.</summary>
    public long TotalDrops
    {
        get
        {
            long sum = 0;
            for (int i = 0; i < Reasons; i++)
                sum += Volatile.Read(ref _drops[i]);
            return sum;
        }
    }

    /// <summary>Packets dropped for a reason.</summary>
    /// <param name="reason">The reason.</param>
    public long Drops(HostDrop reason) => Volatile.Read(ref _drops[(int)reason]);

    /// <summary>The reasons that have occurred, with their counts. Allocates.</summary>
    public IReadOnlyDictionary<HostDrop, long> AllDrops() =>
        Enum.GetValues<HostDrop>().Where(reason => Drops(reason) != 0).ToDictionary(reason => reason, Drops);

    internal void AddReceived() => Volatile.Write(ref _received, _received + 1);

    internal void AddSent() => Volatile.Write(ref _sent, _sent + 1);

    internal void Drop(HostDrop reason, int packets = 1) => Volatile.Write(ref _drops[(int)reason], _drops[(int)reason] + packets);
}
