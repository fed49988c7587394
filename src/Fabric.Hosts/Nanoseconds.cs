namespace Fabric.Hosts;

/// <summary>Times in nanoseconds, the unit of a host's clock.</summary>
internal static class Nanoseconds
{
    internal const long PerMillisecond = 1_000_000;
    internal const long PerSecond = 1_000_000_000;

    internal static long From(TimeSpan span) => span.Ticks * 100;

    internal static TimeSpan ToTimeSpan(long nanoseconds) => TimeSpan.FromTicks(nanoseconds / 100);
}
