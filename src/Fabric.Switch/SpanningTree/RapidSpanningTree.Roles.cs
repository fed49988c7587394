namespace Fabric.Switch.SpanningTree;

// Port role selection state machine (17.28) and the procedures that concern all ports.
public sealed partial class RapidSpanningTree
{
    private TreePort? _rootPort;
    private long _topologyChanges;
    private long _topologyChangedAt;

    internal TreeTimes RootTimes { get; private set; }

    private PriorityVector RootPriority { get; set; }

    // 17.20.3
    internal bool AllSynced(TreePort asking)
    {
        foreach (TreePort port in _ports)
        {
            if (!port.HasSelectedRole || (port != asking && port.Role != PortRole.Root && !port.Synced))
                return false;
        }

        return true;
    }

    // 17.20.10
    internal bool ReRooted(TreePort asking)
    {
        foreach (TreePort port in _ports)
        {
            if (port != asking && port.RrWhile != 0)
                return false;
        }

        return true;
    }

    // 17.21.14
    internal void SetSyncTree()
    {
        foreach (TreePort port in _ports)
            port.Sync = true;
    }

    // 17.21.15
    internal void SetReRootTree()
    {
        foreach (TreePort port in _ports)
            port.ReRoot = true;
    }

    // 17.21.18
    internal void SetTcPropTree(TreePort from)
    {
        _topologyChanges++;
        _topologyChangedAt = _seconds;
        foreach (TreePort port in _ports)
        {
            if (port != from)
                port.TcProp = true;
        }
    }

    private bool StepRoleSelection()
    {
        bool wanted = false;
        foreach (TreePort port in _ports)
        {
            wanted |= port.Reselect;
            port.Reselect = false;
        }

        if (!wanted)
            return false;
        UpdtRolesTree();
        foreach (TreePort port in _ports)
            port.Selected = true;
        return true;
    }

    // 17.21.25
    private void UpdtRolesTree()
    {
        SelectRoot();
        foreach (TreePort port in _ports)
        {
            port.DesignatedPriority = RootPriority with { DesignatedBridge = Bridge, DesignatedPort = port.PortId };
            port.DesignatedTimes = RootTimes with { HelloTime = BridgeTimes.HelloTime };
        }

        foreach (TreePort port in _ports)
            SelectRole(port);
    }

    private void SelectRoot()
    {
        _rootPort = null;
        RootPriority = new PriorityVector(Bridge, 0, Bridge, 0);
        RootTimes = BridgeTimes;
        foreach (TreePort port in _ports)
        {
            if (port.InfoIs != InfoIs.Received || port.RestrictedRole || port.PortPriority.DesignatedBridge.Address == Bridge.Address)
                continue;
            PriorityVector path = port.PortPriority.Plus(port.PortPathCost);
            int order = path.CompareTo(RootPriority);
            // Equal vectors: two ports on one shared link. The lower port identifier wins.
            if (order > 0 || (order == 0 && (_rootPort == null || _rootPort.PortId < port.PortId)))
                continue;
            _rootPort = port;
            RootPriority = path;
            RootTimes = port.PortTimes with { MessageAge = port.PortTimes.MessageAge + 1 };
        }
    }

    private void SelectRole(TreePort port)
    {
        switch (port.InfoIs)
        {
            case InfoIs.Disabled:
                port.SelectedRole = PortRole.Disabled;
                break;
            case InfoIs.Aged:
                port.SelectedRole = PortRole.Designated;
                port.UpdtInfo = true;
                break;
            case InfoIs.Mine:
                port.SelectedRole = PortRole.Designated;
                port.UpdtInfo |= port.PortPriority != port.DesignatedPriority || port.PortTimes != port.DesignatedTimes;
                break;
            case InfoIs.Received when port == _rootPort:
                port.SelectedRole = PortRole.Root;
                port.UpdtInfo = false;
                break;
            case InfoIs.Received when port.DesignatedPriority.IsBetterThan(port.PortPriority):
                port.SelectedRole = PortRole.Designated;
                port.UpdtInfo = true;
                break;
            case InfoIs.Received:
                bool isOwn = port.PortPriority.DesignatedBridge.Address == Bridge.Address && port.PortPriority.DesignatedPort != port.PortId;
                port.SelectedRole = isOwn ? PortRole.Backup : PortRole.Alternate;
                port.UpdtInfo = false;
                break;
        }
    }
}
