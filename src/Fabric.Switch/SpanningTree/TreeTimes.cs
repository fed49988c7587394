using Fabric.Wire;

namespace Fabric.Switch.SpanningTree;

/// <summary>The times that go with a priority vector (IEEE 802.1D-2004, 17.18.4), in seconds.</summary>
internal readonly record struct TreeTimes(int MessageAge, int MaxAge, int HelloTime, int ForwardDelay)
{
    private const int PerSecond = 256;

    /// <summary>Rounds to whole seconds: the timers here know no parts, and an age that creeps by parts of a second is no news. Hello
    /// time is at least a second (17.21.12).</summary>
    internal static TreeTimes Read(in BpduView bpdu) =>
        new(Round(bpdu.MessageAge), Math.Max(Round(bpdu.MaxAge), 1), Math.Max(Round(bpdu.HelloTime), 1), Math.Max(Round(bpdu.ForwardDelay), 1));

    internal static ushort ToWire(int seconds) => (ushort)Math.Min(seconds * PerSecond, ushort.MaxValue);

    private static int Round(ushort parts) => (parts + (PerSecond / 2)) / PerSecond;
}
