namespace Fabric.RiscV;

/// <summary>The platform's real-time counter (mtime): 10 MHz ticks since the machine was made, standing still while paused.</summary>
/// <remarks>Reading is lock-free and may happen on any thread. Pause and resume while the harts are stopped.</remarks>
public sealed class GuestClock
{
    /// <summary>Ticks per second; the device tree's timebase-frequency.</summary>
    public const long Frequency = 10_000_000;

    private const long Going = long.MinValue;
    private readonly long _hostFrequency;
    private readonly Lock _gate = new();
    private long _origin;
    private long _frozenAt = Going;

    /// <summary>Starts the counter at 0.</summary>
    /// <param name="time">Source of host time; a virtual one makes guest time virtual.</param>
    public GuestClock(TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(time);
        Time = time;
        _hostFrequency = time.TimestampFrequency;
        _origin = time.GetTimestamp();
    }

    /// <summary>The counter's value, in ticks.</summary>
    public ulong Now
    {
        get
        {
            long stamp = Volatile.Read(ref _frozenAt);
            if (stamp == Going)
                stamp = Time.GetTimestamp();
            long elapsed = stamp - Volatile.Read(ref _origin);
            if (elapsed <= 0)
                return 0;
            return _hostFrequency == 1_000_000_000
                ? (ulong)elapsed / (1_000_000_000 / Frequency)
                : (ulong)((UInt128)elapsed * Frequency / (UInt128)_hostFrequency);
        }
    }

    /// <summary>The source of host time.</summary>
    internal TimeProvider Time { get; }

    /// <summary>Freezes the counter; does nothing when it is frozen already.</summary>
    public void Pause()
    {
        lock (_gate)
        {
            if (_frozenAt == Going)
                Volatile.Write(ref _frozenAt, Time.GetTimestamp());
        }
    }

    /// <summary>Lets a frozen counter go on from its value; does nothing when it is going.</summary>
    public void Resume()
    {
        lock (_gate)
        {
            if (_frozenAt == Going)
                return;
            Volatile.Write(ref _origin, _origin + (Time.GetTimestamp() - _frozenAt));
            Volatile.Write(ref _frozenAt, Going);
        }
    }
}
