using Fabric.Wire;

namespace Fabric.Switch.SpanningTree;

// Port information state machine (17.27): whose information the port holds, and for how long.
internal sealed partial class TreePort
{
    private const int HellosUntilAged = 3;

    // Ticks: at least one second, in which a frame gets there and its answer back.
    private const int SettleTime = 2;

    private InformationState _pim;

    private enum InformationState
    {
        Disabled,
        Aged,
        Update,
        Current,
        Receive,
        SuperiorDesignated,
        RepeatedDesignated,
        InferiorDesignated,
        NotDesignated,
        Other,
    }

    private bool StepInformation()
    {
        if (NextInformation() is not { } next)
            return false;
        Enter(next);
        return true;
    }

    private InformationState? NextInformation()
    {
        if (!_portEnabled && InfoIs != InfoIs.Disabled)
            return InformationState.Disabled;
        return _pim switch
        {
            InformationState.Disabled when _rcvdMsg => InformationState.Disabled,
            InformationState.Disabled when _portEnabled => InformationState.Aged,
            InformationState.Aged when Selected && UpdtInfo => InformationState.Update,
            InformationState.Current when Selected && UpdtInfo => InformationState.Update,
            InformationState.Current when InfoIs == InfoIs.Received && _rcvdInfoWhile == 0 && !UpdtInfo && !_rcvdMsg => InformationState.Aged,
            InformationState.Current when _rcvdMsg && !UpdtInfo => InformationState.Receive,
            InformationState.Receive => _rcvdInfo switch
            {
                RcvdInfo.SuperiorDesignatedInfo => InformationState.SuperiorDesignated,
                RcvdInfo.RepeatedDesignatedInfo => InformationState.RepeatedDesignated,
                RcvdInfo.InferiorDesignatedInfo => InformationState.InferiorDesignated,
                RcvdInfo.InferiorRootAlternateInfo => InformationState.NotDesignated,
                _ => InformationState.Other,
            },
            InformationState.Disabled or InformationState.Aged or InformationState.Current => null,
            _ => InformationState.Current,
        };
    }

    private void Enter(InformationState state)
    {
        _pim = state;
        switch (state)
        {
            case InformationState.Disabled:
                _rcvdMsg = _proposing = _proposed = _agree = _agreed = false;
                _rcvdInfoWhile = 0;
                AskForSelection(InfoIs.Disabled);
                break;
            case InformationState.Aged:
                AskForSelection(InfoIs.Aged);
                break;
            case InformationState.Update:
                EnterUpdate();
                break;
            case InformationState.Receive:
                _rcvdInfo = RcvInfo();
                break;
            case InformationState.SuperiorDesignated:
                EnterSuperiorDesignated();
                break;
            case InformationState.RepeatedDesignated:
                RecordProposal();
                SetTcFlags();
                UpdtRcvdInfoWhile();
                break;
            case InformationState.InferiorDesignated:
                RecordDispute();
                // As STP's reply to a configuration BPDU (802.1D-1998): the neighbour may have come up too late to hear what was said, and would wait a
                // hello time for it.
                _newInfo = true;
                break;
            case InformationState.NotDesignated:
                RecordAgreement();
                SetTcFlags();
                break;
        }

        if (state is InformationState.SuperiorDesignated or InformationState.RepeatedDesignated or InformationState.InferiorDesignated
            or InformationState.NotDesignated or InformationState.Other)
            _rcvdMsg = false;
    }

    private void EnterUpdate()
    {
        NoteChange();
        _proposing = _proposed = false;
        _agreed = _agreed && InfoIs == InfoIs.Mine && DesignatedPriority.IsBetterOrSame(PortPriority);
        _synced = _synced && _agreed;
        PortPriority = DesignatedPriority;
        PortTimes = DesignatedTimes;
        UpdtInfo = false;
        InfoIs = InfoIs.Mine;
        _newInfo = true;
    }

    // What IsAgreementToThis goes by: whether this port's information has become worse lately, and whether it had just changed.
    private void NoteChange()
    {
        bool isWorse = InfoIs != InfoIs.Mine || !DesignatedPriority.IsBetterOrSame(PortPriority);
        if (isWorse)
        {
            _wavers = _settleWhile != 0;
            _worsened = true;
        }

        _settleWhile = SettleTime;
    }

    private void EnterSuperiorDesignated()
    {
        _agreed = _proposing = false;
        RecordProposal();
        SetTcFlags();
        _agree = _agree && InfoIs == InfoIs.Received && _msgPriority.IsBetterOrSame(PortPriority);
        PortPriority = _msgPriority;
        PortTimes = _msgTimes;
        UpdtRcvdInfoWhile();
        AskForSelection(InfoIs.Received);
    }

    private void AskForSelection(InfoIs infoIs)
    {
        InfoIs = infoIs;
        Reselect = true;
        Selected = false;
    }

    // 17.21.8
    private RcvdInfo RcvInfo()
    {
        if (_msgKind == BpduKind.TopologyChange)
        {
            _rcvdTcn = true;
            return RcvdInfo.OtherInfo;
        }

        // 9.3.3: a rapid BPDU that names no role counts as a configuration BPDU, which designated ports alone send.
        BpduFlags role = _msgFlags & BpduFlags.Designated;
        if (role is BpduFlags.Designated or BpduFlags.None)
        {
            if (_msgPriority == PortPriority && _msgTimes == PortTimes)
                return RcvdInfo.RepeatedDesignatedInfo;
            return _msgPriority == PortPriority || _msgPriority.IsSuperiorTo(PortPriority)
                ? RcvdInfo.SuperiorDesignatedInfo
                : RcvdInfo.InferiorDesignatedInfo;
        }

        return PortPriority.IsBetterOrSame(_msgPriority) ? RcvdInfo.InferiorRootAlternateInfo : RcvdInfo.OtherInfo;
    }

    // 17.21.9
    private void RecordAgreement()
    {
        _agreed = _tree.RstpVersion && _options.PointToPoint && (_msgFlags & BpduFlags.Agreement) != 0 && IsAgreementToThis();
        if (_agreed)
            _proposing = false;
    }

    // Beyond the standard, which takes an agreement to worse information as one to this too. An agreement says nothing of what it
    // answers, and after the loss of a root old and new information chase each other: one that was on its way while this port told
    // something better and then something worse again would open a loop until the chase ends. So what cannot be the answer to what
    // this port tells now counts as none. At rest all are taken, so that a port only ever waits two seconds for it.
    private bool IsAgreementToThis()
    {
        // To what was not yet said, and from this bridge itself through a cable that leads back to it.
        if (_newInfo || _msgPriority.DesignatedBridge.Address == _tree.Bridge.Address)
            return false;
        if (!_worsened)
            return true;
        if (_wavers || _msgPriority.Root != PortPriority.Root)
            return false;
        bool isFromRootPort = (_msgFlags & BpduFlags.Designated) == BpduFlags.Root;
        return !isFromRootPort
            || (_msgTimes.MessageAge == PortTimes.MessageAge + 1 && _msgPriority.RootPathCost > PortPriority.RootPathCost);
    }

    // 17.21.10: the neighbour does not hear this port, or it would not be designated and learn.
    private void RecordDispute()
    {
        if ((_msgFlags & BpduFlags.Learning) == 0)
            return;
        _disputed = true;
        _agreed = false;
    }

    // 17.21.11
    private void RecordProposal()
    {
        if ((_msgFlags & BpduFlags.Proposal) != 0)
            _proposed = true;
    }

    // 17.21.17
    private void SetTcFlags()
    {
        _rcvdTc |= (_msgFlags & BpduFlags.TopologyChange) != 0;
        _rcvdTcAck |= _msgKind == BpduKind.Configuration && (_msgFlags & BpduFlags.TopologyChangeAcknowledgment) != 0;
    }

    // 17.21.23: information that has come too far counts for nothing.
    private void UpdtRcvdInfoWhile() =>
        _rcvdInfoWhile = PortTimes.MessageAge + 1 <= PortTimes.MaxAge ? HellosUntilAged * PortTimes.HelloTime : 0;
}
