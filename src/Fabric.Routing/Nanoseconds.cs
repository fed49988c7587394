namespace Fabric.Routing;

/// <summary>Times in nanoseconds, the unit of a router's clock.</summary>
internal static class Nanoseconds
{
    internal const long PerMillisecond = 1_000_000;
    internal const long PerSecond = 1_000_000_000;
}
