using Fabric.Wire;

namespace Fabric.Switch.SpanningTree;

/// <summary>The times that go with a priority vector (IEEE 802.1D-2004, 17.18.4), in seconds.</summary>
internal readonly record struct TreeTimes(int MessageAge, int MaxAge, int HelloTime, int ForwardDelay)
{
    private const int PerSecond = 256;

    /// <summary>Rounds to whole seconds: the timers here know no parts, and an age that creeps by parts of a second is no news. What is
    /// beyond the ranges of table 17-1 is brought into them, so that no BPDU can hold its word up for longer than a bridge may.</summary>
    internal static TreeTimes Read(in BpduView bpdu) => new(
        Round(bpdu.MessageAge),
        Math.Clamp(Round(bpdu.MaxAge), 1, SpanningTreeOptions.MostMaxAge),
        Math.Clamp(Round(bpdu.HelloTime), 1, SpanningTreeOptions.MostHelloTime),
        Math.Clamp(Round(bpdu.ForwardDelay), 1, SpanningTreeOptions.MostForwardDelay));

    internal static ushort ToWire(int seconds) => (ushort)Math.Min(seconds * PerSecond, ushort.MaxValue);

    private static int Round(ushort parts) => (parts + (PerSecond / 2)) / PerSecond;
}
