namespace Fabric.Switch.SpanningTree;

// Port state transition (17.30) and topology change (17.31) state machines.
internal sealed partial class TreePort
{
    private TransitionState _pst;
    private TopologyState _tcm;
    private long _flushes;
    private long _transitions;

    private enum TransitionState
    {
        Discarding,
        Learning,
        Forwarding,
    }

    private enum TopologyState
    {
        Inactive,
        Learning,
        Detected,
        NotifiedTcn,
        NotifiedTc,
        Propagating,
        Acknowledged,
        Active,
    }

    private bool IsActiveRole => Role is PortRole.Root or PortRole.Designated;

    private bool HasChangeToTell => _rcvdTc || _rcvdTcn || _rcvdTcAck || TcProp;

    private bool StepStateTransition()
    {
        TransitionState? next = _pst switch
        {
            TransitionState.Discarding when _learn => TransitionState.Learning,
            TransitionState.Learning when !_learn => TransitionState.Discarding,
            TransitionState.Learning when _forward => TransitionState.Forwarding,
            TransitionState.Forwarding when !_forward => TransitionState.Discarding,
            _ => null,
        };
        if (next is { } state)
            Enter(state);
        return next != null;
    }

    private void Enter(TransitionState state)
    {
        _pst = state;
        _learning = state != TransitionState.Discarding;
        _forwarding = state == TransitionState.Forwarding;
        if (_forwarding)
            _transitions++;
        _tree.Control.SetPortState(Number, State);
    }

    private bool StepTopologyChange()
    {
        if (NextTopology() is not { } next)
            return false;
        Enter(next);
        return true;
    }

    private TopologyState? NextTopology() => _tcm switch
    {
        TopologyState.Inactive => _learn && !_fdbFlush ? TopologyState.Learning : null,
        TopologyState.Learning when IsActiveRole && _forward && !_operEdge => TopologyState.Detected,
        TopologyState.Learning when HasChangeToTell => TopologyState.Learning,
        TopologyState.Learning => !IsActiveRole && !_learn && !_learning ? TopologyState.Inactive : null,
        TopologyState.Active when !IsActiveRole || _operEdge => TopologyState.Learning,
        TopologyState.Active when _rcvdTcn => TopologyState.NotifiedTcn,
        TopologyState.Active when _rcvdTc => TopologyState.NotifiedTc,
        TopologyState.Active when TcProp => TopologyState.Propagating,
        TopologyState.Active => _rcvdTcAck ? TopologyState.Acknowledged : null,
        TopologyState.NotifiedTcn => TopologyState.NotifiedTc,
        _ => TopologyState.Active,
    };

    private void Enter(TopologyState state)
    {
        _tcm = state;
        switch (state)
        {
            case TopologyState.Inactive:
                Flush();
                _tcWhile = 0;
                _tcAck = false;
                break;
            case TopologyState.Learning:
                _rcvdTc = _rcvdTcn = _rcvdTcAck = TcProp = false;
                break;
            case TopologyState.Detected:
                NewTcWhile();
                _tree.SetTcPropTree(this);
                _newInfo = true;
                break;
            case TopologyState.NotifiedTcn:
                NewTcWhile();
                break;
            case TopologyState.NotifiedTc:
                _rcvdTcn = _rcvdTc = false;
                _tcAck |= Role == PortRole.Designated;
                _tree.SetTcPropTree(this);
                break;
            case TopologyState.Propagating:
                NewTcWhile();
                Flush();
                TcProp = false;
                break;
            case TopologyState.Acknowledged:
                _tcWhile = 0;
                _rcvdTcAck = false;
                break;
        }
    }

    // fdbFlush (17.19.7). The standard lets a port that speaks STP age its addresses fast instead, because of bridges that cannot do
    // better; to forget them is never wrong.
    private void Flush()
    {
        _fdbFlush = true;
        _flushes++;
        _tree.Control.FlushAddresses(Number);
        _fdbFlush = false;
    }

    // 17.21.7
    private void NewTcWhile()
    {
        if (_tcWhile != 0)
            return;
        if (_sendRstp)
        {
            _tcWhile = HelloTime + 1;
            _newInfo = true;
        }
        else
        {
            _tcWhile = _tree.RootTimes.MaxAge + _tree.RootTimes.ForwardDelay;
        }
    }
}
