using Microsoft.Win32.SafeHandles;

namespace Fabric.RiscV;

/// <summary>The place a hart with nothing to do sleeps in: any thread may wake it, and it wakes by itself at a guest time.</summary>
/// <remarks>With the system clock the sleep ends at the deadline to within the host's timer slack (about 50 µs); with any other
/// <see cref="TimeProvider"/> that provider's timer ends it.</remarks>
internal sealed unsafe class HartEvent
{
    private readonly GuestClock _clock;
    private readonly SafeFileHandle _event;
    private readonly ITimer? _alarm;

    internal HartEvent(GuestClock clock)
    {
        _clock = clock;
        _event = Native.EventFd(0, Native.EfdCloexecNonblock);
        if (_event.IsInvalid)
            throw new InvalidOperationException("The host refuses an event descriptor: raise the limit of open files (ulimit -n).");
        if (clock.Time != TimeProvider.System)
            _alarm = clock.Time.CreateTimer(static self => ((HartEvent)self!).Set(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Wakes the sleeper, or makes the next sleep return at once. Any thread.</summary>
    internal void Set()
    {
        ulong one = 1;
        // SAFETY: eight readable bytes on the stack, as eventfd wants.
        _ = Native.Write(_event, &one, sizeof(ulong));
    }

    /// <summary>Sleeps until woken or until the guest clock reaches a value; may return early.</summary>
    /// <param name="deadline">Guest ticks; the maximum means for ever.</param>
    internal void Wait(ulong deadline)
    {
        ulong now = _clock.Now;
        if (deadline <= now)
            return;
        const ulong longest = (ulong)GuestClock.Frequency * 3600;
        ulong ticks = Math.Min(deadline - now, longest);
        Native.TimeSpec timeout = new()
        {
            Seconds = (long)(ticks / (ulong)GuestClock.Frequency),
            Nanoseconds = (long)(ticks % (ulong)GuestClock.Frequency) * (1_000_000_000 / GuestClock.Frequency),
        };
        _alarm?.Change(deadline == ulong.MaxValue ? Timeout.InfiniteTimeSpan : TimeSpan.FromTicks((long)ticks), Timeout.InfiniteTimeSpan);
        if (_alarm != null && deadline <= _clock.Now)
            return;
        bool untimed = deadline == ulong.MaxValue || _alarm != null;
        bool held = false;
        try
        {
            _event.DangerousAddRef(ref held);
            Native.PollDescriptor poll = new() { Descriptor = (int)_event.DangerousGetHandle(), Events = Native.PollIn };
            ulong drained;
            // SAFETY: all structures live on this stack frame; the descriptor is kept open by the reference taken above.
            if (Native.Ppoll(&poll, 1, untimed ? null : &timeout, null) > 0)
                _ = Native.Read(_event, &drained, sizeof(ulong));
        }
        finally
        {
            if (held)
                _event.DangerousRelease();
        }
    }
}
