using System.Numerics;

namespace Fabric.Disk.Vhdx;

/// <summary>Which units of 1 MiB of the file are in use. Needs the image's lock.</summary>
internal sealed class SpaceMap
{
    private ulong[] _used = new ulong[16];
    private long _end;
    private long _free;
    private long _hint;
    private int _hopeless = int.MaxValue;

    /// <summary>First unit behind everything in use.</summary>
    public long End => _end;

    /// <summary>Takes units whose place is known.</summary>
    /// <returns>False when one of them was in use already; all are then.</returns>
    public bool Claim(long first, long count)
    {
        Grow(first + count);
        bool apart = true;
        for (long unit = first; unit < first + count; unit++)
        {
            ulong bit = 1UL << (int)(unit & 63);
            apart &= (_used[unit >> 6] & bit) == 0;
            _used[unit >> 6] |= bit;
        }

        if (first > _end)
            _free += first - _end;
        _end = Math.Max(_end, first + count);
        return apart;
    }

    /// <summary>Tells, after all places were claimed, how long the file is.</summary>
    public void Settle(long fileUnits)
    {
        _end = Math.Max(_end, fileUnits);
        Grow(_end);
        _free = _end;
        foreach (ulong word in _used)
            _free -= BitOperations.PopCount(word);
    }

    /// <summary>Finds units side by side inside the file and takes them.</summary>
    /// <returns>The first, or −1 when there are none.</returns>
    public long TryAllocate(int count)
    {
        if (_free < count || count >= _hopeless)
            return -1;
        long found = Search(_hint, _end, count);
        if (found < 0)
            found = Search(0, Math.Min(_end, _hint + count), count);
        if (found < 0)
        {
            _hopeless = count;
            return -1;
        }

        Claim(found, count);
        _free -= count;
        _hint = found + count;
        return found;
    }

    /// <summary>Takes units at the end of the file.</summary>
    public long Append(int count)
    {
        long first = _end;
        Claim(first, count);
        return first;
    }

    /// <summary>Gives units back.</summary>
    public void Release(long first, long count)
    {
        for (long unit = first; unit < first + count; unit++)
            _used[unit >> 6] &= ~(1UL << (int)(unit & 63));
        _free += count;
        _hint = Math.Min(_hint, first);
        _hopeless = int.MaxValue;
    }

    private long Search(long from, long to, int count)
    {
        long run = 0;
        for (long unit = from; unit < to; unit++)
        {
            if ((unit & 63) == 0 && _used[unit >> 6] == ulong.MaxValue)
            {
                run = 0;
                unit += 63;
                continue;
            }

            run = (_used[unit >> 6] & (1UL << (int)(unit & 63))) == 0 ? run + 1 : 0;
            if (run == count)
                return unit - count + 1;
        }

        return -1;
    }

    private void Grow(long units)
    {
        long words = (units + 63) >> 6;
        if (words > _used.Length)
            Array.Resize(ref _used, (int)Math.Max(words, _used.Length * 2L));
    }
}
