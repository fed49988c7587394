using Fabric.Switch.SpanningTree;
using Fabric.Wire;

namespace Fabric.Switch.Tests.SpanningTree;

/// <summary>A bridge of a <see cref="TreeNetwork"/>: the tree under test and the switch it believes to have.</summary>
internal sealed class TreeBridge : ISwitchControl
{
    private readonly TreeNetwork _network;
    private readonly List<PortState> _states = [];
    private readonly List<int> _flushes = [];

    internal TreeBridge(TreeNetwork network, int index, MacAddress address, SpanningTreeOptions options)
    {
        _network = network;
        Index = index;
        Tree = new RapidSpanningTree(this, address, options);
    }

    internal int Index { get; }

    internal RapidSpanningTree Tree { get; }

    internal Dictionary<int, TreeCable> Cables { get; } = [];

    internal List<PortTreeOptions> PortOptions { get; } = [];

    /// <summary>A bridge that has stopped working: its ports stay as they are, and it neither hears nor speaks.</summary>
    internal bool IsFrozen { get; set; }

    public void SetPortState(int port, PortState state)
    {
        if (_states[port] == state)
            return;
        _states[port] = state;
        _network.PortChanged();
    }

    public void FlushAddresses(int port) => _flushes[port]++;

    public void Transmit(int port, ReadOnlySpan<byte> frame)
    {
        if (Cables.TryGetValue(port, out TreeCable? cable))
            cable.Carry(this, port, frame.ToArray());
    }

    internal int AddPort(PortTreeOptions options)
    {
        int port = _states.Count;
        _states.Add(PortState.Discarding);
        _flushes.Add(0);
        PortOptions.Add(options);
        Tree.AddPort(port, options);
        return port;
    }

    internal PortState StateOf(int port) => _states[port];

    internal int FlushesOf(int port) => _flushes[port];

    internal PortTreeStatus Port(int port) => Tree.ReadStatus().Ports[port];

    internal void Tick()
    {
        if (!IsFrozen)
            Tree.Tick();
        _network.After(1_000_000, Tick);
    }
}
