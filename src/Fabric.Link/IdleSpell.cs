using System.Diagnostics;

namespace Fabric.Link;

/// <summary>How long a worker goes on looking for frames before it sleeps, learned from how long its sleeps last.</summary>
/// <remarks>A wake-up costs the waker some microseconds and the sleeper some tens, most where the core had nothing else to do. A sleep
/// shorter than the longest spell was not worth it: the next spell is the longest. Each longer one halves it, down to nothing, so that
/// a trickle of frames costs no more than their wake-ups.</remarks>
internal struct IdleSpell
{
    /// <summary>Longest spell in ticks of the clock: a tenth of a millisecond.</summary>
    private static readonly long Longest = Stopwatch.Frequency / 10_000;

    /// <summary>Shorter ones end before they begin.</summary>
    private static readonly long Shortest = Longest / 8;

    private long _length;
    private long _begun;

    /// <summary>True when it is time to sleep.</summary>
    internal readonly bool IsOver => _length == 0 || Stopwatch.GetTimestamp() - _begun >= _length;

    /// <summary>There were frames just now.</summary>
    internal void Begin()
    {
        if (_length != 0)
            _begun = Stopwatch.GetTimestamp();
    }

    /// <summary>Called right before sleeping.</summary>
    internal void Sleep() => _begun = Stopwatch.GetTimestamp();

    /// <summary>Called right after it.</summary>
    internal void Wake()
    {
        long now = Stopwatch.GetTimestamp();
        _length = now - _begun < Longest ? Longest : _length / 2;
        if (_length < Shortest)
            _length = 0;
        _begun = now;
    }
}
