namespace Fabric.Link;

/// <summary>A token bucket: so much a second on the average, and so much at once.</summary>
/// <remarks>A thing passes when the bucket is not empty, and may leave it in debt. So a super-frame larger than the burst passes too, and
/// the average still holds. Not synchronised.</remarks>
public struct TokenBucket
{
    private readonly double _perTick;
    private readonly double _burst;
    private double _tokens;
    private long _last;

    /// <summary>A full bucket.</summary>
    /// <param name="perSecond">Tokens that come in each second, more than 0.</param>
    /// <param name="burst">Most tokens it holds, more than 0.</param>
    /// <param name="frequency">Ticks of the clock in a second.</param>
    /// <param name="now">Time in ticks.</param>
    public TokenBucket(double perSecond, double burst, long frequency, long now)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(perSecond);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(burst);
        _perTick = perSecond / frequency;
        _burst = burst;
        _tokens = burst;
        _last = now;
    }

    /// <summary>Lets the time pass.</summary>
    /// <param name="now">Time in ticks; one before the last counts as the last.</param>
    public void Refill(long now)
    {
        if (now <= _last)
            return;
        _tokens = Math.Min(_burst, _tokens + ((now - _last) * _perTick));
        _last = now;
    }

    /// <summary>Takes tokens if the bucket is not empty.</summary>
    /// <param name="tokens">How many.</param>
    /// <returns>False when it is empty; then none is taken.</returns>
    public bool TryTake(double tokens)
    {
        if (_tokens <= 0)
            return false;
        _tokens -= tokens;
        return true;
    }

    /// <summary>Ticks until <see cref="TryTake"/> succeeds again: 0 when it would now.</summary>
    public readonly long TicksUntilReady() => _tokens > 0 ? 0 : (long)Math.Ceiling((-_tokens + 1e-6) / _perTick) + 1;
}
