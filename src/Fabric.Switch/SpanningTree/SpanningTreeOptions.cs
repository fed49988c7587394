namespace Fabric.Switch.SpanningTree;

/// <summary>How a bridge takes part in the spanning tree (IEEE 802.1D-2004, 17.13 and 17.14). Times are in seconds.</summary>
public sealed record SpanningTreeOptions
{
    internal const int MostHelloTime = 10;
    internal const int MostMaxAge = 40;
    internal const int MostForwardDelay = 30;

    /// <summary>Priority as root: a multiple of 4096, the lower the likelier.</summary>
    public int Priority { get; init; } = 32768;

    /// <summary>Time between two BPDUs of a designated port: 1 … 10.</summary>
    public int HelloTime { get; init; } = 2;

    /// <summary>Age at which information is dropped, as root: 6 … 40. It also bounds the number of bridges in a row.</summary>
    public int MaxAge { get; init; } = 20;

    /// <summary>Time in each state before Forwarding where no neighbour agrees to less, as root: 4 … 30.</summary>
    public int ForwardDelay { get; init; } = 15;

    /// <summary>BPDUs a port may send in a burst; after that one a second: 1 … 10.</summary>
    public int TransmitHoldCount { get; init; } = 6;

    /// <summary>Which protocol to speak.</summary>
    public SpanningTreeVersion Version { get; init; } = SpanningTreeVersion.Rstp;

    internal void Check()
    {
        if (Priority is < 0 or > 61440 || Priority % 4096 != 0)
            throw new ArgumentOutOfRangeException(nameof(Priority), Priority, "a bridge priority is a multiple of 4096 up to 61440");
        CheckRange(HelloTime, 1, MostHelloTime, nameof(HelloTime));
        CheckRange(MaxAge, 6, MostMaxAge, nameof(MaxAge));
        CheckRange(ForwardDelay, 4, MostForwardDelay, nameof(ForwardDelay));
        CheckRange(TransmitHoldCount, 1, 10, nameof(TransmitHoldCount));
        // 17.14: information must not outlive the time a port waits before it forwards, and must survive a lost BPDU.
        if (2 * (ForwardDelay - 1) < MaxAge)
            throw new ArgumentOutOfRangeException(nameof(MaxAge), MaxAge, $"max age must be at most 2 x (forward delay - 1), here {2 * (ForwardDelay - 1)}");
        if (MaxAge < 2 * (HelloTime + 1))
            throw new ArgumentOutOfRangeException(nameof(MaxAge), MaxAge, $"max age must be at least 2 x (hello time + 1), here {2 * (HelloTime + 1)}");
    }

    private static void CheckRange(int value, int least, int most, string name)
    {
        if (value < least || value > most)
            throw new ArgumentOutOfRangeException(name, value, $"must be {least} to {most}");
    }
}
