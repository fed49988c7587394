namespace Fabric.Hosts.Tcp;

/// <summary>How long to wait for an acknowledgement (RFC 6298).</summary>
/// <remarks>The least timeout is 200 ms, not the recommended second (2.4): other stacks have it so, and links here are short.</remarks>
internal struct RetransmissionTimer
{
    private const long Initial = Nanoseconds.PerSecond;
    private const long Least = 200 * Nanoseconds.PerMillisecond;
    private const long Most = 60 * Nanoseconds.PerSecond;
    private long _smoothed;
    private long _variation;
    private int _backoff;

    /// <summary>Timeouts in a row.</summary>
    internal readonly int Backoff => _backoff;

    /// <summary>The present timeout in nanoseconds.</summary>
    internal readonly long Timeout
    {
        get
        {
            long usual = _smoothed == 0 ? Initial : Math.Clamp(_smoothed + Math.Max(Nanoseconds.PerMillisecond, 4 * _variation), Least, Most);
            return Math.Min(Most, usual << Math.Min(_backoff, 8));
        }
    }

    /// <summary>A round trip was measured, of a segment that was sent once (Karn's rule, 3).</summary>
    internal void Measured(long roundTrip)
    {
        if (_smoothed == 0)
        {
            _smoothed = Math.Max(1, roundTrip);
            _variation = roundTrip / 2;
            return;
        }

        _variation = ((3 * _variation) + Math.Abs(_smoothed - roundTrip)) / 4;
        _smoothed = Math.Max(1, ((7 * _smoothed) + roundTrip) / 8);
    }

    /// <summary>Nothing came in time (5.5).</summary>
    internal void BackOff() => _backoff++;

    /// <summary>Something new was acknowledged.</summary>
    internal void Progress() => _backoff = 0;
}
