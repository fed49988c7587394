using System.Runtime.CompilerServices;

namespace Fabric.Disk.Storage;

/// <summary>Counts the requests that may still hold an old answer of "where does this guest cluster stand".</summary>
/// <remarks>
/// <para>A request enters, looks the mapping up without a lock, does its I/O, and leaves. A cluster whose last reference went
/// away must not be handed out anew while such a request is under way: a late read would return another cluster's bytes, a late
/// write would destroy them. So time is cut into epochs. A cluster freed in epoch <c>e</c> may be reused when every request that
/// entered in <c>e</c> or before has left.</para>
/// <para>Two counters are enough, one for the present epoch and one for the one before: an epoch begins only when the last but one
/// has drained. Counters are striped over cache lines; entering and leaving is one interlocked operation each.</para>
/// </remarks>
internal sealed class InFlight
{
    private const int Stripes = 16;
    private const int Spread = 16;
    private readonly long[] _counts = new long[2 * Stripes * Spread];
    private int _epoch;

    /// <summary>Enters; never blocks.</summary>
    /// <returns>To be handed to <see cref="Leave"/>.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int Enter()
    {
        int stripe = (Environment.CurrentManagedThreadId & (Stripes - 1)) * Spread;
        while (true)
        {
            int epoch = Volatile.Read(ref _epoch);
            int slot = ((epoch & 1) * Stripes * Spread) + stripe;
            Interlocked.Increment(ref _counts[slot]);
            // Had the epoch moved on meanwhile, the count would stand in a counter that nobody waits for any more.
            if (Volatile.Read(ref _epoch) == epoch)
                return slot;
            Interlocked.Decrement(ref _counts[slot]);
        }
    }

    /// <summary>Leaves.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Leave(int slot) => Interlocked.Decrement(ref _counts[slot]);

    /// <summary>Begins a new epoch if nothing of the last but one is under way. One caller at a time; never blocks.</summary>
    /// <returns>True when it did: every request that entered before the present epoch began has left.</returns>
    public bool TryAdvance()
    {
        int previous = ((_epoch + 1) & 1) * Stripes * Spread;
        for (int i = 0; i < Stripes; i++)
            if (Volatile.Read(ref _counts[previous + (i * Spread)]) != 0)
                return false;
        Interlocked.Increment(ref _epoch);
        return true;
    }
}
