namespace Fabric.Disk.Layers;

/// <summary>What a <see cref="ThrottledDisk"/> lets through. A limit of 0 is none.</summary>
public sealed record ThrottleLimits
{
    private const int BurstsPerSecond = 10;

    /// <summary>Requests a second, reads, writes, zeroes and discards together.</summary>
    public long Iops { get; init; }

    /// <summary>Requests that may pass at once after a quiet spell; a tenth of a second's worth unless given.</summary>
    public long IopsBurst { get; init; }

    /// <summary>Bytes read and written a second.</summary>
    public long BytesPerSecond { get; init; }

    /// <summary>Bytes that may pass at once after a quiet spell; a tenth of a second's worth unless given.</summary>
    public long BytesBurst { get; init; }

    internal TokenBucket? Requests(TimeProvider time) => Bucket(Iops, IopsBurst, time);

    internal TokenBucket? Bytes(TimeProvider time) => Bucket(BytesPerSecond, BytesBurst, time);

    private static TokenBucket? Bucket(long rate, long burst, TimeProvider time)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(rate);
        ArgumentOutOfRangeException.ThrowIfNegative(burst);
        return rate == 0 ? null : new TokenBucket(rate, burst > 0 ? burst : Math.Max(1, rate / BurstsPerSecond), time);
    }
}
