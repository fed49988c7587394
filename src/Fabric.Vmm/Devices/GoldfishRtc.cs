using Fabric.Memory;

namespace Fabric.Vmm.Devices;

/// <summary>The real-time clock of Android's Goldfish board: nanoseconds since 1970 in UTC, and one alarm.</summary>
/// <remarks>Registers of 32 bits: reading TIME_LOW latches TIME_HIGH; writing TIME_HIGH first and TIME_LOW then sets the clock, as
/// with ALARM_HIGH and ALARM_LOW. Setting the clock moves the guest's idea of time only. A reset leaves the time as it is, as a
/// battery would.</remarks>
internal sealed class GoldfishRtc : IMmioDevice, IDisposable
{
    private readonly Lock _gate = new();
    private readonly TimeProvider _time;
    private readonly IInterruptLine _line;
    private readonly ITimer _timer;
    private long _offset;
    private uint _latchedHigh;
    private uint _pendingTimeHigh;
    private uint _pendingAlarmHigh;
    private long _alarm;
    private bool _alarmSet;
    private bool _alarmFired;
    private bool _interruptEnabled;

    internal GoldfishRtc(TimeProvider time, IInterruptLine line)
    {
        _time = time;
        _line = line;
        _timer = time.CreateTimer(static rtc => ((GoldfishRtc)rtc!).OnTimer(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    private enum Register : ulong
    {
        TimeLow = 0x00,
        TimeHigh = 0x04,
        AlarmLow = 0x08,
        AlarmHigh = 0x0c,
        InterruptEnabled = 0x10,
        ClearAlarm = 0x14,
        AlarmStatus = 0x18,
        ClearInterrupt = 0x1c,
    }

    private long HostNow => (_time.GetUtcNow().UtcTicks - DateTime.UnixEpoch.Ticks) * 100;

    /// <summary>Forgets the alarm and its interrupt.</summary>
    internal void Reset()
    {
        lock (_gate)
        {
            _alarmSet = _alarmFired = _interruptEnabled = false;
            Update();
        }
    }

    /// <inheritdoc/>
    public ulong Read(ulong offset, int size)
    {
        lock (_gate)
        {
            switch ((Register)offset)
            {
                case Register.TimeLow:
                    ulong now = (ulong)(HostNow + _offset);
                    _latchedHigh = (uint)(now >> 32);
                    return (uint)now;
                case Register.TimeHigh:
                    return _latchedHigh;
                case Register.AlarmLow:
                    return (uint)_alarm;
                case Register.AlarmHigh:
                    return (uint)(_alarm >> 32);
                case Register.InterruptEnabled:
                    return _interruptEnabled ? 1u : 0;
                case Register.AlarmStatus:
                    return _alarmSet ? 1u : 0;
                default:
                    return 0;
            }
        }
    }

    /// <inheritdoc/>
    public void Write(ulong offset, int size, ulong value)
    {
        lock (_gate)
        {
            switch ((Register)offset)
            {
                case Register.TimeHigh:
                    _pendingTimeHigh = (uint)value;
                    break;
                case Register.TimeLow:
                    _offset = Join(_pendingTimeHigh, (uint)value) - HostNow;
                    break;
                case Register.AlarmHigh:
                    _pendingAlarmHigh = (uint)value;
                    break;
                case Register.AlarmLow:
                    _alarm = Join(_pendingAlarmHigh, (uint)value);
                    _alarmSet = true;
                    break;
                case Register.InterruptEnabled:
                    _interruptEnabled = (value & 1) != 0;
                    break;
                case Register.ClearAlarm:
                    _alarmSet = false;
                    break;
                case Register.ClearInterrupt:
                    _alarmFired = false;
                    break;
                default:
                    return;
            }

            Update();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _timer.Dispose();

    private static long Join(uint high, uint low) => (long)(((ulong)high << 32) | low);

    private void OnTimer()
    {
        lock (_gate)
            Update();
    }

    private void Update()
    {
        long wait = _alarmSet ? _alarm - (HostNow + _offset) : 0;
        if (_alarmSet && wait <= 0)
        {
            _alarmSet = false;
            _alarmFired = true;
        }

        // Timers reach 49 days; a later alarm is looked at again then.
        TimeSpan due = _alarmSet ? TimeSpan.FromMilliseconds(Math.Min((wait / 1_000_000) + 1, 4_000_000_000)) : Timeout.InfiniteTimeSpan;
        _timer.Change(due, Timeout.InfiniteTimeSpan);
        _line.SetLevel(_alarmFired && _interruptEnabled);
    }
}
