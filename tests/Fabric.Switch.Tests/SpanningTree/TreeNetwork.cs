using Fabric.Switch.SpanningTree;
using Fabric.Wire;

namespace Fabric.Switch.Tests.SpanningTree;

/// <summary>Bridges and cables in virtual time. Time is in microseconds. Each cable delays what it carries, each bridge counts its
/// seconds at its own moment, and after each event the network is checked for a loop among forwarding ports.</summary>
internal sealed class TreeNetwork(int seed)
{
    private const long Second = 1_000_000;

    private readonly PriorityQueue<Action, (long Due, long Order)> _events = new();
    private readonly Random _random = new(seed);
    private long _order;
    private bool _portsChanged;

    internal List<TreeBridge> Bridges { get; } = [];

    internal List<TreeCable> Cables { get; } = [];

    internal long Now { get; private set; }

    /// <summary>Chance that a cable loses a frame.</summary>
    internal double Loss { get; set; }

    /// <summary>Longest delay of a cable.</summary>
    internal int MaxDelay { get; init; } = 2000;

    /// <summary>The first loop there was, told; null for none.</summary>
    internal string? Loop { get; private set; }

    internal long Frames { get; private set; }

    internal TreeBridge AddBridge(SpanningTreeOptions? options = null)
    {
        MacAddress address = MacAddress.FromBits(0x02UL | ((ulong)_random.Next(256) << 8) | ((ulong)(Bridges.Count + 1) << 40));
        TreeBridge bridge = new(this, Bridges.Count, address, options ?? new SpanningTreeOptions());
        Bridges.Add(bridge);
        After(_random.NextInt64(Second), bridge.Tick);
        return bridge;
    }

    /// <summary>Adds a cable between two new ports; it is not plugged in yet.</summary>
    internal TreeCable AddCable(TreeBridge first, TreeBridge second, PortTreeOptions? firstOptions = null, PortTreeOptions? secondOptions = null)
    {
        TreeCable cable = new(this, first, first.AddPort(firstOptions ?? new PortTreeOptions()), second, second.AddPort(secondOptions ?? new PortTreeOptions()), _random.Next(1, MaxDelay));
        first.Cables[cable.FirstPort] = cable;
        second.Cables[cable.SecondPort] = cable;
        Cables.Add(cable);
        return cable;
    }

    internal void PlugAllIn()
    {
        foreach (TreeCable cable in Cables)
            cable.SetUp(true);
    }

    internal void After(long delay, Action action) => _events.Enqueue(action, (Now + delay, _order++));

    internal int Random(int below) => _random.Next(below);

    internal bool Loses() => Loss > 0 && _random.NextDouble() < Loss;

    internal void CountFrame() => Frames++;

    internal void PortChanged() => _portsChanged = true;

    internal void RunSeconds(double seconds)
    {
        long end = Now + (long)(seconds * Second);
        while (_events.TryPeek(out _, out (long Due, long Order) next) && next.Due <= end)
            Step();
        Now = end;
    }

    /// <summary>Runs until something holds, or until a moment has come.</summary>
    /// <returns>Microseconds it took, or -1 when it did not come to hold.</returns>
    internal long RunUntil(Func<bool> holds, long end)
    {
        long start = Now;
        while (!holds())
        {
            if (!_events.TryPeek(out _, out (long Due, long Order) next) || next.Due > end)
                return -1;
            // What holds is looked at between two moments, not within one.
            do
                Step();
            while (_events.TryPeek(out _, out next) && next.Due == Now);
        }

        return Now - start;
    }

    private void Step()
    {
        _events.TryDequeue(out Action? action, out (long Due, long Order) at);
        Now = at.Due;
        action!();
        if (_portsChanged)
            LookForLoop();
    }

    /// <summary>A loop: cables whose both ends forward, and which lead round. Looked for after each change of a port's state.</summary>
    internal void LookForLoop()
    {
        _portsChanged = false;
        if (Loop != null)
            return;
        int[] group = [.. Enumerable.Range(0, Bridges.Count)];
        foreach (TreeCable cable in Cables)
        {
            if (!cable.Forwards)
                continue;
            int first = Find(group, cable.First.Index);
            int second = Find(group, cable.Second.Index);
            if (first == second)
            {
                Loop = $"{Now} us: {cable} closes a loop of forwarding ports";
                return;
            }

            group[first] = second;
        }
    }

    private static int Find(int[] group, int member)
    {
        while (group[member] != member)
            member = group[member];
        return member;
    }
}
