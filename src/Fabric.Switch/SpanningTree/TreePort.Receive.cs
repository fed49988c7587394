using Fabric.Wire;

namespace Fabric.Switch.SpanningTree;

// Port receive (17.23), port protocol migration (17.24) and bridge detection (17.25) state machines.
internal sealed partial class TreePort
{
    // Far more than the bridges of one link send, and far less than what would keep the switch from its work.
    private const int MostTakenASecond = 100;

    private ReceiveState _prx;
    private MigrationState _ppm;
    private BridgeDetectionState _bdm;

    private long _rapidReceived;
    private long _configurationReceived;
    private long _notificationReceived;
    private long _invalidReceived;
    private long _ignored;
    private long _ownReceived;
    private int _takenThisSecond;

    private enum ReceiveState
    {
        Discard,
        Receive,
    }

    private enum MigrationState
    {
        CheckingRstp,
        SelectingStp,
        Sensing,
    }

    private enum BridgeDetectionState
    {
        Edge,
        NotEdge,
    }

    /// <summary>Takes a frame in; the machines have not run yet.</summary>
    /// <returns>False when there is nothing for them.</returns>
    internal bool Take(ReadOnlySpan<byte> frame)
    {
        if (_takenThisSecond == MostTakenASecond)
        {
            _ignored++;
            return false;
        }

        _takenThisSecond++;
        if (!BpduView.TryParse(frame, out BpduView bpdu))
        {
            _invalidReceived++;
            return false;
        }

        if (!_portEnabled)
        {
            _ignored++;
            return false;
        }

        Count(bpdu.Kind);
        if (_options.BpduGuard)
        {
            _guarded = true;
            _portEnabled = false;
            return true;
        }

        return TryTakeForeign(bpdu);
    }

    private bool TryTakeForeign(in BpduView bpdu)
    {
        if (bpdu.Kind != BpduKind.TopologyChange && bpdu.BridgeId == _tree.Bridge.Value && bpdu.PortId == PortId)
        {
            // 9.3.4 has configuration BPDUs of one's own discarded. A cable that leads back to its port is a loop, which a designated
            // port does not otherwise see: dispute it (17.21.10), so that the port learns and forwards nothing.
            _ownReceived++;
            _edgeDelayWhile = MigrateTime;
            _disputed = true;
            _agreed = _operEdge = false;
            return true;
        }

        _msgKind = bpdu.Kind;
        _msgFlags = bpdu.Flags;
        _msgPriority = new PriorityVector(new BridgeId(bpdu.RootId), bpdu.RootPathCost, new BridgeId(bpdu.BridgeId), bpdu.PortId);
        _msgTimes = bpdu.Kind == BpduKind.TopologyChange ? default : TreeTimes.Read(bpdu);
        _rcvdBpdu = true;
        return true;
    }

    private void Count(BpduKind kind)
    {
        if (kind == BpduKind.Rapid)
            _rapidReceived++;
        else if (kind == BpduKind.Configuration)
            _configurationReceived++;
        else
            _notificationReceived++;
    }

    private bool StepReceive()
    {
        if ((_rcvdBpdu || _edgeDelayWhile != MigrateTime) && !_portEnabled)
            Enter(ReceiveState.Discard);
        else if (_rcvdBpdu && _portEnabled && (_prx == ReceiveState.Discard || !_rcvdMsg))
            Enter(ReceiveState.Receive);
        else
            return false;
        return true;
    }

    private void Enter(ReceiveState state)
    {
        _prx = state;
        _edgeDelayWhile = MigrateTime;
        if (state == ReceiveState.Discard)
        {
            _rcvdBpdu = _rcvdRstp = _rcvdStp = _rcvdMsg = false;
            return;
        }

        // updtBPDUVersion (17.21.22)
        if (_msgKind == BpduKind.Rapid)
            _rcvdRstp = true;
        else
            _rcvdStp = true;
        _operEdge = _rcvdBpdu = false;
        _rcvdMsg = true;
    }

    private bool StepMigration()
    {
        MigrationState? next = _ppm switch
        {
            MigrationState.CheckingRstp when _mdelayWhile == 0 => MigrationState.Sensing,
            MigrationState.CheckingRstp when _mdelayWhile != MigrateTime && !_portEnabled => MigrationState.CheckingRstp,
            MigrationState.SelectingStp when _mdelayWhile == 0 || !_portEnabled || _mcheck => MigrationState.Sensing,
            MigrationState.Sensing when !_portEnabled || _mcheck || (_tree.RstpVersion && !_sendRstp && _rcvdRstp) => MigrationState.CheckingRstp,
            MigrationState.Sensing when _sendRstp && _rcvdStp => MigrationState.SelectingStp,
            _ => null,
        };
        if (next is { } state)
            Enter(state);
        return next != null;
    }

    private void Enter(MigrationState state)
    {
        _ppm = state;
        switch (state)
        {
            case MigrationState.CheckingRstp:
                _mcheck = false;
                _sendRstp = _tree.RstpVersion;
                _mdelayWhile = MigrateTime;
                break;
            case MigrationState.SelectingStp:
                _sendRstp = false;
                _mdelayWhile = MigrateTime;
                break;
            case MigrationState.Sensing:
                _rcvdRstp = _rcvdStp = false;
                break;
        }
    }

    private bool StepBridgeDetection()
    {
        if (_bdm == BridgeDetectionState.Edge && ((!_portEnabled && !_options.AdminEdge) || !_operEdge))
            Enter(BridgeDetectionState.NotEdge);
        else if (_bdm == BridgeDetectionState.NotEdge && BecomesEdge())
            Enter(BridgeDetectionState.Edge);
        else
            return false;
        return true;
    }

    private bool BecomesEdge() =>
        (!_portEnabled && _options.AdminEdge) || (_edgeDelayWhile == 0 && _options.AutoEdge && _sendRstp && _proposing);

    private void Enter(BridgeDetectionState state)
    {
        _bdm = state;
        _operEdge = state == BridgeDetectionState.Edge;
    }
}
