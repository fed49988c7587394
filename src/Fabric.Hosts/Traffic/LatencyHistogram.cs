using System.Numerics;

namespace Fabric.Hosts.Traffic;

/// <summary>Counts times in buckets that grow with the time: 32 for each power of two, so that a bucket is three per cent wide.</summary>
internal sealed class LatencyHistogram
{
    private const int SubBits = 5;
    private const int SubBuckets = 1 << SubBits;
    private readonly long[] _buckets = new long[(64 - SubBits) * SubBuckets];
    private long _count;
    private long _least = long.MaxValue;
    private long _most;

    internal void Add(long nanoseconds)
    {
        nanoseconds = Math.Max(0, nanoseconds);
        _count++;
        _least = Math.Min(_least, nanoseconds);
        _most = Math.Max(_most, nanoseconds);
        _buckets[IndexOf(nanoseconds)]++;
    }

    internal LatencyReport Report() => _count == 0
        ? new LatencyReport(TimeSpan.Zero, TimeSpan.Zero, TimeSpan.Zero, TimeSpan.Zero)
        : new LatencyReport(Nanoseconds.ToTimeSpan(_least), Percentile(0.5), Percentile(0.99), Nanoseconds.ToTimeSpan(_most));

    private static int IndexOf(long value)
    {
        if (value < SubBuckets)
            return (int)value;
        int shift = BitOperations.Log2((ulong)value) - SubBits;
        return ((shift + 1) * SubBuckets) + (int)((value >> shift) - SubBuckets);
    }

    private static long UpperEnd(int index)
    {
        if (index < SubBuckets)
            return index;
        int shift = (index / SubBuckets) - 1;
        return (((long)(index % SubBuckets) + SubBuckets + 1) << shift) - 1;
    }

    private TimeSpan Percentile(double part)
    {
        long wanted = (long)Math.Ceiling(_count * part);
        int index = 0;
        for (long seen = _buckets[0]; seen < wanted; seen += _buckets[index])
            index++;
        return Nanoseconds.ToTimeSpan(Math.Min(UpperEnd(index), _most));
    }
}
