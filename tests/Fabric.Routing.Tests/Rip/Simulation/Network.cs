using Fabric.Routing.Rip;
using Fabric.TestKit.Time;
using Fabric.Wire;

namespace Fabric.Routing.Tests.Rip.Simulation;

/// <summary>Routers and segments in virtual time, on one thread: the same seed gives the same run.</summary>
internal sealed class Network(int seed)
{
    internal const long Second = 1_000_000_000;
    private readonly PriorityQueue<object, (long Time, long Order)> _events = new();
    private readonly Stack<Burst> _spare = new();
    private long _order;

    internal long Now { get; private set; }

    internal List<SimulatedRouter> Routers { get; } = [];

    /// <summary>Called after each event.</summary>
    internal Action? Looked { get; set; }

    internal List<Segment> Segments { get; } = [];

    /// <summary>Chance of the network itself: loss, and whatever a test chooses.</summary>
    internal Random Random { get; } = new(seed);

    /// <summary>The date, for keys.</summary>
    internal ManualTimeProvider Calendar { get; } = new();

    internal SimulatedRouter AddRouter(string name, params RipOptions[] options)
    {
        SimulatedRouter router = new(this, name, new Random(HashCode(seed, Routers.Count)));
        Routers.Add(router);
        foreach (RipOptions one in options)
            router.Run(new RipProcess(one, Calendar));
        return router;
    }

    /// <summary>Adds a cable, or a hub: what one end sends, all others get.</summary>
    internal Segment AddSegment(double delay = 0.001, double loss = 0)
    {
        Segment segment = new(this, (long)(delay * Second), loss);
        Segments.Add(segment);
        return segment;
    }

    /// <summary>A cable between two routers; addresses in the usual notation, several separated by blanks.</summary>
    internal Segment Connect(SimulatedRouter one, string oneAddresses, SimulatedRouter other, string otherAddresses, double delay = 0.001, double loss = 0)
    {
        Segment segment = AddSegment(delay, loss);
        segment.Attach(one, oneAddresses);
        segment.Attach(other, otherAddresses);
        return segment;
    }

    internal void RunFor(double seconds) => RunUntil(Now + (long)(seconds * Second));

    internal void RunUntil(long end)
    {
        while (_events.TryPeek(out object? what, out (long Time, long Order) at) && at.Time <= end)
        {
            _events.Dequeue();
            Advance(at.Time);
            if (what is Burst burst)
            {
                burst.Segment!.Deliver(burst);
                burst.Clear();
                _spare.Push(burst);
            }
            else
            {
                ((SimulatedRouter)what).Wake(at.Time);
            }

            Looked?.Invoke();
        }

        Advance(end);
    }

    /// <summary>Runs on until something holds.</summary>
    /// <returns>Seconds it took.</returns>
    internal double RunUntil(Func<bool> holds, double limit, double step = 0.5)
    {
        long start = Now;
        while (!holds())
        {
            Assert.True(Now - start < limit * Second, $"does not hold after {limit} s");
            RunFor(step);
        }

        return (double)(Now - start) / Second;
    }

    internal void Schedule(object what, long time) => _events.Enqueue(what, (time, _order++));

    internal Burst TakeBurst() => _spare.TryPop(out Burst? burst) ? burst : new Burst();

    internal static IpPrefix Prefix(string text) => IpPrefix.TryParse(text, out IpPrefix prefix) ? prefix : throw new ArgumentException(text);

    internal static IpAddress Address(string text) => IpAddress.TryParse(text, out IpAddress address) ? address : throw new ArgumentException(text);

    private void Advance(long time)
    {
        if (time <= Now)
            return;
        Calendar.Advance(TimeSpan.FromTicks((time / 100) - (Now / 100)));
        Now = time;
    }

    private static int HashCode(int seed, int number) => unchecked((seed * 1_000_003) + (number * 7919) + 17);
}
