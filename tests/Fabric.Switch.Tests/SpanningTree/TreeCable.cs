namespace Fabric.Switch.Tests.SpanningTree;

/// <summary>A cable of a <see cref="TreeNetwork"/>: carries frames in order, each as long as its delay. The ends notice a cut, or that
/// it was mended, a little later, each at its own moment.</summary>
internal sealed class TreeCable(TreeNetwork network, TreeBridge first, int firstPort, TreeBridge second, int secondPort, int delay)
{
    private const int NoticeWithin = 3000;

    private int _plugging;

    internal TreeBridge First => first;

    internal int FirstPort => firstPort;

    internal TreeBridge Second => second;

    internal int SecondPort => secondPort;

    internal bool IsUp { get; private set; }

    internal bool Forwards => IsUp && first.StateOf(firstPort) == PortState.Forwarding && second.StateOf(secondPort) == PortState.Forwarding;

    internal void SetUp(bool up)
    {
        IsUp = up;
        int plugging = ++_plugging;
        Notice(first, firstPort, plugging);
        Notice(second, secondPort, plugging);
        network.PortChanged();
    }

    internal void Carry(TreeBridge from, int port, byte[] frame)
    {
        network.CountFrame();
        bool toSecond = from == first && port == firstPort;
        int plugging = _plugging;
        if (!IsUp || network.Loses())
            return;
        network.After(delay, () =>
        {
            TreeBridge to = toSecond ? second : first;
            if (plugging == _plugging && !to.IsFrozen)
                to.Tree.Receive(toSecond ? secondPort : firstPort, frame);
        });
    }

    public override string ToString() => $"{first.Index}.{firstPort}-{second.Index}.{secondPort}";

    private void Notice(TreeBridge bridge, int port, int plugging) => network.After(network.Random(NoticeWithin), () =>
    {
        if (plugging == _plugging && !bridge.IsFrozen)
            bridge.Tree.LinkChanged(port, IsUp);
    });
}
