namespace Fabric.Disk.Layers;

/// <summary>Tokens that drop into a bucket at a constant rate. Who takes more than there is takes on credit and waits until it is paid
/// back: so a request larger than the bucket passes too, and those who come later wait behind it. Exact: no rounding adds up.</summary>
/// <remarks>Not thread-safe: <see cref="ThrottledDisk"/> holds its lock.</remarks>
internal sealed class TokenBucket
{
    private readonly TimeProvider _time;
    private readonly Int128 _rate;
    private readonly Int128 _frequency;
    private readonly Int128 _capacity;
    private Int128 _level;
    private long _last;

    /// <param name="rate">Tokens a second.</param>
    /// <param name="burst">Tokens the bucket holds; it starts full.</param>
    /// <param name="time">Clock.</param>
    public TokenBucket(long rate, long burst, TimeProvider time)
    {
        _time = time;
        _rate = rate;
        _frequency = time.TimestampFrequency;
        // Levels are in tokens times clock ticks a second, so that both dropping in and taking out are whole numbers.
        _capacity = burst * _frequency;
        _level = _capacity;
        _last = time.GetTimestamp();
    }

    /// <summary>True when as many can be taken without credit.</summary>
    public bool Has(long amount)
    {
        Refill();
        return _level >= amount * _frequency;
    }

    /// <summary>Takes tokens.</summary>
    /// <returns>Clock ticks until they are paid for; 0 when they were there.</returns>
    public long Take(long amount)
    {
        Refill();
        _level -= amount * _frequency;
        return _level >= 0 ? 0 : (long)((-_level + _rate - 1) / _rate);
    }

    private void Refill()
    {
        long now = _time.GetTimestamp();
        _level = Int128.Min(_capacity, _level + ((now - _last) * _rate));
        _last = now;
    }
}
