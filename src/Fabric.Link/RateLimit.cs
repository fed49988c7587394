namespace Fabric.Link;

/// <summary>A rate with what may come at once.</summary>
public sealed record RateLimit
{
    /// <summary>Makes a limit.</summary>
    /// <param name="bitsPerSecond">Bits of frames, without preamble, FCS and gap, per second: at least 1000.</param>
    /// <param name="burst">Bytes that may come at once: at least 1. 0 for ten milliseconds' worth, but at least 64 KiB.</param>
    /// <exception cref="ArgumentOutOfRangeException">Outside its range.</exception>
    public RateLimit(long bitsPerSecond, long burst = 0)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(bitsPerSecond, 1000);
        ArgumentOutOfRangeException.ThrowIfNegative(burst);
        BitsPerSecond = bitsPerSecond;
        Burst = burst != 0 ? burst : Math.Max(65536, bitsPerSecond / 800);
    }

    /// <summary>Bits per second.</summary>
    public long BitsPerSecond { get; }

    /// <summary>Bytes at once.</summary>
    public long Burst { get; }

    /// <summary>A bucket of bits for this limit.</summary>
    /// <param name="frequency">Ticks of the clock in a second.</param>
    /// <param name="now">Time in ticks.</param>
    public TokenBucket ToBucket(long frequency, long now) => new(BitsPerSecond, Burst * 8.0, frequency, now);
}
