namespace Fabric.Switch.SpanningTree;

// Port role transitions state machine (17.29): from the role selected to learn and forward, with the handshakes that let a port forward
// at once. A state that leads on unconditionally (proposed, agreed, synced, ...) goes to the main state of its role.
internal sealed partial class TreePort
{
    private RoleState _prt;

    private enum RoleState
    {
        InitPort,
        DisablePort,
        DisabledPort,
        RootPort,
        RootProposed,
        RootAgreed,
        ReRoot,
        RootForward,
        RootLearn,
        ReRooted,
        DesignatedPort,
        DesignatedPropose,
        DesignatedSynced,
        DesignatedRetired,
        DesignatedForward,
        DesignatedLearn,
        DesignatedDiscard,
        BlockPort,
        AlternatePort,
        AlternateProposed,
        AlternateAgreed,
        BackupPort,
    }

    private bool StepRoleTransition()
    {
        if (NextRoleState() is not { } next)
            return false;
        Enter(next);
        return true;
    }

    private RoleState? NextRoleState()
    {
        if (_prt == RoleState.InitPort)
            return RoleState.DisablePort;
        if (!Selected || UpdtInfo)
            return null;
        if (Role != SelectedRole)
        {
            return SelectedRole switch
            {
                PortRole.Disabled => RoleState.DisablePort,
                PortRole.Root => RoleState.RootPort,
                PortRole.Designated => RoleState.DesignatedPort,
                _ => RoleState.BlockPort,
            };
        }

        return Role switch
        {
            PortRole.Disabled => NextDisabled(),
            PortRole.Root => NextRoot(),
            PortRole.Designated => NextDesignated(),
            _ => NextAlternate(),
        };
    }

    // Figure 17-20
    private RoleState? NextDisabled()
    {
        if (_prt == RoleState.DisablePort)
            return !_learning && !_forwarding ? RoleState.DisabledPort : null;
        return _fdWhile != MaxAge || Sync || ReRoot || !_synced ? RoleState.DisabledPort : null;
    }

    // Figure 17-21
    private RoleState? NextRoot()
    {
        bool mayGoOn = _fdWhile == 0 || (ReRooted && _rbWhile == 0 && _tree.RstpVersion);
        if (_prt != RoleState.RootPort)
            return RoleState.RootPort;
        if (_proposed && !_agree)
            return RoleState.RootProposed;
        if ((AllSynced && !_agree) || (_proposed && _agree))
            return RoleState.RootAgreed;
        if (!_forward && !ReRoot)
            return RoleState.ReRoot;
        if (mayGoOn && !_learn)
            return RoleState.RootLearn;
        if (mayGoOn && _learn && !_forward)
            return RoleState.RootForward;
        if (ReRoot && _forward)
            return RoleState.ReRooted;
        return RrWhile != FwdDelay ? RoleState.RootPort : null;
    }

    // Figure 17-22
    private RoleState? NextDesignated()
    {
        if (_prt != RoleState.DesignatedPort)
            return RoleState.DesignatedPort;
        if (!_forward && !_agreed && !_proposing && !_operEdge)
            return RoleState.DesignatedPropose;
        if ((!_learning && !_forwarding && !_synced) || (_agreed && !_synced) || (_operEdge && !_synced) || (Sync && _synced))
            return RoleState.DesignatedSynced;
        if (RrWhile == 0 && ReRoot)
            return RoleState.DesignatedRetired;
        if (((Sync && !_synced) || (ReRoot && RrWhile != 0) || _disputed) && !_operEdge && (_learn || _forward))
            return RoleState.DesignatedDiscard;
        bool mayGoOn = (_fdWhile == 0 || _agreed || _operEdge) && (RrWhile == 0 || !ReRoot) && !Sync;
        if (mayGoOn && !_learn)
            return RoleState.DesignatedLearn;
        return mayGoOn && !_forward ? RoleState.DesignatedForward : null;
    }

    // Figure 17-23
    private RoleState? NextAlternate()
    {
        if (_prt == RoleState.BlockPort)
            return !_learning && !_forwarding ? RoleState.AlternatePort : null;
        if (_prt != RoleState.AlternatePort)
            return RoleState.AlternatePort;
        if (_proposed && !_agree)
            return RoleState.AlternateProposed;
        if ((AllSynced && !_agree) || (_proposed && _agree))
            return RoleState.AlternateAgreed;
        if (_rbWhile != 2 * HelloTime && Role == PortRole.Backup)
            return RoleState.BackupPort;
        return _fdWhile != FwdDelay || Sync || ReRoot || !_synced ? RoleState.AlternatePort : null;
    }

    private void Enter(RoleState state)
    {
        _prt = state;
        if (state <= RoleState.DisabledPort)
            EnterDisabled(state);
        else if (state <= RoleState.ReRooted)
            EnterRoot(state);
        else if (state <= RoleState.DesignatedDiscard)
            EnterDesignated(state);
        else
            EnterAlternate(state);
    }

    private void EnterDisabled(RoleState state)
    {
        switch (state)
        {
            case RoleState.InitPort:
                Role = SelectedRole = PortRole.Disabled;
                _learn = _forward = _synced = false;
                Sync = ReRoot = true;
                RrWhile = FwdDelay;
                _fdWhile = MaxAge;
                _rbWhile = 0;
                break;
            case RoleState.DisablePort:
                Role = SelectedRole;
                _learn = _forward = false;
                break;
            case RoleState.DisabledPort:
                _fdWhile = MaxAge;
                _synced = true;
                RrWhile = 0;
                Sync = ReRoot = false;
                break;
        }
    }

    private void EnterRoot(RoleState state)
    {
        switch (state)
        {
            case RoleState.RootPort:
                Role = PortRole.Root;
                RrWhile = FwdDelay;
                break;
            case RoleState.RootProposed:
                _tree.SetSyncTree();
                _proposed = false;
                break;
            case RoleState.RootAgreed:
                _proposed = Sync = false;
                _agree = _newInfo = true;
                break;
            case RoleState.ReRoot:
                _tree.SetReRootTree();
                break;
            case RoleState.RootLearn:
                _fdWhile = FwdDelay;
                _learn = true;
                break;
            case RoleState.RootForward:
                _fdWhile = 0;
                _forward = true;
                break;
            case RoleState.ReRooted:
                ReRoot = false;
                break;
        }
    }

    private void EnterDesignated(RoleState state)
    {
        switch (state)
        {
            case RoleState.DesignatedPort:
                Role = PortRole.Designated;
                break;
            case RoleState.DesignatedPropose:
                _proposing = _newInfo = true;
                _edgeDelayWhile = EdgeDelay;
                break;
            case RoleState.DesignatedSynced:
                RrWhile = 0;
                _synced = true;
                Sync = false;
                break;
            case RoleState.DesignatedRetired:
                ReRoot = false;
                break;
            case RoleState.DesignatedLearn:
                _learn = true;
                _fdWhile = ForwardDelay;
                break;
            case RoleState.DesignatedForward:
                _forward = true;
                _fdWhile = 0;
                _agreed = _sendRstp;
                break;
            case RoleState.DesignatedDiscard:
                _learn = _forward = _disputed = false;
                _fdWhile = ForwardDelay;
                break;
        }
    }

    private void EnterAlternate(RoleState state)
    {
        switch (state)
        {
            case RoleState.BlockPort:
                Role = SelectedRole;
                _learn = _forward = false;
                break;
            case RoleState.AlternatePort:
                _fdWhile = FwdDelay;
                _synced = true;
                RrWhile = 0;
                Sync = ReRoot = false;
                break;
            case RoleState.AlternateProposed:
                _tree.SetSyncTree();
                _proposed = false;
                break;
            case RoleState.AlternateAgreed:
                _proposed = false;
                _agree = _newInfo = true;
                break;
            case RoleState.BackupPort:
                _rbWhile = 2 * HelloTime;
                break;
        }
    }
}
