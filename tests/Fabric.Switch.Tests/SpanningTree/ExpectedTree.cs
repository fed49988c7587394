using Fabric.Switch.SpanningTree;

namespace Fabric.Switch.Tests.SpanningTree;

/// <summary>The spanning tree of a network, computed from its cables alone: shortest paths from the lowest bridge of each part, ties
/// broken as IEEE 802.1D-2004, 17.5 says.</summary>
internal sealed class ExpectedTree
{
    private readonly TreeNetwork _network;
    private readonly long[] _cost;
    private readonly TreeBridge[] _root;
    private readonly int[] _rootPort;

    internal ExpectedTree(TreeNetwork network)
    {
        _network = network;
        _cost = new long[network.Bridges.Count];
        _root = new TreeBridge[network.Bridges.Count];
        _rootPort = new int[network.Bridges.Count];
        Array.Fill(_cost, long.MaxValue);
        Array.Fill(_rootPort, -1);
        foreach (TreeBridge bridge in network.Bridges.OrderBy(bridge => bridge.Tree.Bridge.Value))
        {
            if (_cost[bridge.Index] == long.MaxValue)
                Explore(bridge);
        }

        foreach (TreeBridge bridge in network.Bridges)
            _rootPort[bridge.Index] = ChooseRootPort(bridge);
    }

    /// <summary>What differs between the network and the tree, in words; null when nothing does.</summary>
    internal string? Difference()
    {
        foreach (TreeBridge bridge in _network.Bridges)
        {
            SpanningTreeStatus status = bridge.Tree.ReadStatus();
            if (status.Root != _root[bridge.Index].Tree.Bridge || status.RootPathCost != _cost[bridge.Index])
                return $"bridge {bridge.Index}: root {status.Root} at {status.RootPathCost}, should be {_root[bridge.Index].Tree.Bridge} at {_cost[bridge.Index]}";
            foreach (PortTreeStatus port in status.Ports)
            {
                PortRole role = RoleOf(bridge, port.Port);
                PortState state = role is PortRole.Root or PortRole.Designated ? PortState.Forwarding : PortState.Discarding;
                if (port.Role != role || port.State != state || bridge.StateOf(port.Port) != state)
                    return $"port {bridge.Index}.{port.Port}: {port.Role} {port.State} (switch: {bridge.StateOf(port.Port)}), should be {role} {state}";
            }
        }

        return null;
    }

    private PortRole RoleOf(TreeBridge bridge, int port)
    {
        TreeCable cable = bridge.Cables[port];
        if (!cable.IsUp)
            return PortRole.Disabled;
        if (_rootPort[bridge.Index] == port)
            return PortRole.Root;
        (TreeBridge other, int otherPort) = OtherEnd(cable, bridge, port);
        if (Offer(bridge, port).CompareTo(Offer(other, otherPort)) < 0)
            return PortRole.Designated;
        return other == bridge ? PortRole.Backup : PortRole.Alternate;
    }

    private void Explore(TreeBridge root)
    {
        PriorityQueue<TreeBridge, long> open = new();
        _cost[root.Index] = 0;
        _root[root.Index] = root;
        open.Enqueue(root, 0);
        while (open.TryDequeue(out TreeBridge? bridge, out long cost))
        {
            if (cost != _cost[bridge.Index])
                continue;
            foreach ((int port, TreeCable cable) in bridge.Cables.Where(pair => pair.Value.IsUp))
            {
                (TreeBridge other, int otherPort) = OtherEnd(cable, bridge, port);
                long there = cost + CostOf(other, otherPort);
                if (there >= _cost[other.Index])
                    continue;
                _cost[other.Index] = there;
                _root[other.Index] = root;
                open.Enqueue(other, there);
            }
        }
    }

    private int ChooseRootPort(TreeBridge bridge)
    {
        if (_root[bridge.Index] == bridge)
            return -1;
        return bridge.Cables.Where(pair => pair.Value.IsUp)
            .Select(pair => (Port: pair.Key, Other: OtherEnd(pair.Value, bridge, pair.Key)))
            .Where(way => way.Other.Bridge != bridge)
            .OrderBy(way => _cost[way.Other.Bridge.Index] + CostOf(bridge, way.Port))
            .ThenBy(way => way.Other.Bridge.Tree.Bridge.Value)
            .ThenBy(way => PortIdOf(way.Other.Bridge, way.Other.Port))
            .ThenBy(way => PortIdOf(bridge, way.Port))
            .First().Port;
    }

    private (long Cost, ulong Bridge, int PortId) Offer(TreeBridge bridge, int port) =>
        (_cost[bridge.Index], bridge.Tree.Bridge.Value, PortIdOf(bridge, port));

    private static int PortIdOf(TreeBridge bridge, int port) => (bridge.PortOptions[port].Priority * 256) + port + 1;

    private static long CostOf(TreeBridge bridge, int port) => bridge.PortOptions[port].PathCost ?? 20_000_000 / bridge.PortOptions[port].SpeedMegabits;

    private static (TreeBridge Bridge, int Port) OtherEnd(TreeCable cable, TreeBridge bridge, int port) =>
        cable.First == bridge && cable.FirstPort == port ? (cable.Second, cable.SecondPort) : (cable.First, cable.FirstPort);
}
