namespace Fabric.Disk.Layers;

/// <summary>Locks on ranges of a disk. Shared ones of the same range fit together, an exclusive one fits with no other.</summary>
/// <remarks>Few requests are in flight at a time, so the ranges held stand in one short array. Nothing allocates once that is large enough.
/// A waiter may be overtaken by later ones, but not for long: whoever holds a range holds it for one request.</remarks>
internal sealed class RangeLock
{
    private readonly object _gate = new();
    private Held[] _held = new Held[16];

    /// <summary>Waits until the range is free, and takes it.</summary>
    /// <returns>What <see cref="Leave"/> is called with.</returns>
    public int Enter(long offset, long length, bool exclusive)
    {
        lock (_gate)
        {
            while (Collides(offset, length, exclusive))
                Monitor.Wait(_gate);
            return Take(offset, length, exclusive);
        }
    }

    /// <summary>Takes the range if it is free.</summary>
    /// <returns>What <see cref="Leave"/> is called with, or −1.</returns>
    public int TryEnter(long offset, long length, bool exclusive)
    {
        lock (_gate)
            return Collides(offset, length, exclusive) ? -1 : Take(offset, length, exclusive);
    }

    /// <summary>Frees a range.</summary>
    public void Leave(int place)
    {
        lock (_gate)
        {
            _held[place] = default;
            Monitor.PulseAll(_gate);
        }
    }

    private bool Collides(long offset, long length, bool exclusive)
    {
        foreach (ref readonly Held held in _held.AsSpan())
        {
            if (held.Length > 0 && offset < held.Offset + held.Length && held.Offset < offset + length && (exclusive || held.IsExclusive))
                return true;
        }

        return false;
    }

    private int Take(long offset, long length, bool exclusive)
    {
        int place = Array.FindIndex(_held, static held => held.Length == 0);
        if (place < 0)
        {
            place = _held.Length;
            Array.Resize(ref _held, place * 2);
        }

        _held[place] = new Held(offset, Math.Max(1, length), exclusive);
        return place;
    }

    private readonly record struct Held(long Offset, long Length, bool IsExclusive);
}
