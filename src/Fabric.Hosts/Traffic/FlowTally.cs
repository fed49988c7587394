namespace Fabric.Hosts.Traffic;

/// <summary>What has come of one flow: the highest number, and which of the 64 before it are there.</summary>
/// <remarks>What comes more than 64 numbers late counts as reordered; whether it is a duplicate can no longer be told.</remarks>
internal struct FlowTally
{
    private const int Window = 64;
    private ulong _seen;
    private bool _begun;

    /// <summary>One past the highest number.</summary>
    internal long Next { get; private set; }

    /// <summary>Different datagrams.</summary>
    internal long Distinct { get; private set; }

    internal long Reordered { get; private set; }

    internal long Duplicates { get; private set; }

    internal void Add(uint number)
    {
        long ahead = number - Next;
        if (ahead >= 0 || !_begun)
        {
            _begun = true;
            _seen = ahead + 1 >= Window ? 1 : (_seen << (int)(ahead + 1)) | 1;
            Next = (long)number + 1;
            Distinct++;
            return;
        }

        int back = (int)Math.Min(Window, -ahead - 1);
        if (back < Window && (_seen >> back & 1) != 0)
        {
            Duplicates++;
            return;
        }

        if (back < Window)
            _seen |= 1UL << back;
        Reordered++;
        Distinct++;
    }
}
