using Fabric.TestKit.Time;
using Fabric.TestKit.Virtio;
using Fabric.Vmm.Devices;

namespace Fabric.Vmm.Tests.Devices;

public sealed class GoldfishRtcTests : IDisposable
{
    private const ulong TimeLow = 0, TimeHigh = 4, AlarmLow = 8, AlarmHigh = 0xc, InterruptEnabled = 0x10, AlarmStatus = 0x18, ClearInterrupt = 0x1c;

    // 2030-01-01 00:00:00 UTC, as `date -d` gives it.
    private const ulong Start = 1_893_456_000_000_000_000;
    private readonly ManualTimeProvider _time = new(new DateTimeOffset(2030, 1, 1, 0, 0, 0, TimeSpan.Zero));
    private readonly InterruptProbe _line = new();
    private readonly GoldfishRtc _rtc;

    public GoldfishRtcTests() => _rtc = new GoldfishRtc(_time, _line);

    public void Dispose() => _rtc.Dispose();

    [Fact]
    public void It_tells_the_time_in_nanoseconds_and_latches_the_high_half()
    {
        Assert.Equal(Start, Now());

        ulong low = _rtc.Read(TimeLow, 4);
        _time.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal(Start, low | (_rtc.Read(TimeHigh, 4) << 32));
        Assert.Equal(Start + 10_000_000_000, Now());
    }

    [Fact]
    public void A_guest_can_set_it()
    {
        Set(TimeHigh, TimeLow, 5_000_000_000);
        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(7_000_000_000ul, Now());
    }

    [Fact]
    public void An_alarm_interrupts_once_at_its_time()
    {
        _rtc.Write(InterruptEnabled, 4, 1);
        Set(AlarmHigh, AlarmLow, Start + 3_000_000_000);
        Assert.Equal(1ul, _rtc.Read(AlarmStatus, 4));
        _time.Advance(TimeSpan.FromSeconds(2.9));
        Assert.False(_line.Level);

        _time.Advance(TimeSpan.FromSeconds(0.2));
        Assert.True(_line.Level);
        Assert.Equal(0ul, _rtc.Read(AlarmStatus, 4));

        _rtc.Write(ClearInterrupt, 4, 1);
        Assert.False(_line.Level);
        _time.Advance(TimeSpan.FromDays(100));
        Assert.Equal(1, _line.Edges);
    }

    [Fact]
    public void An_alarm_a_year_away_is_not_forgotten()
    {
        _rtc.Write(InterruptEnabled, 4, 1);
        Set(AlarmHigh, AlarmLow, Start + (365ul * 86_400 * 1_000_000_000));
        _time.Advance(TimeSpan.FromDays(364));
        Assert.False(_line.Level);
        _time.Advance(TimeSpan.FromDays(1.1));
        Assert.True(_line.Level);
    }

    private ulong Now() => _rtc.Read(TimeLow, 4) | (_rtc.Read(TimeHigh, 4) << 32);

    private void Set(ulong high, ulong low, ulong value)
    {
        _rtc.Write(high, 4, value >> 32);
        _rtc.Write(low, 4, value & 0xffff_ffff);
    }
}
