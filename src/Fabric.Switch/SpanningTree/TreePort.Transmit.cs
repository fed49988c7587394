using Fabric.Wire;

namespace Fabric.Switch.SpanningTree;

// Port transmit state machine (17.26).
internal sealed partial class TreePort
{
    private TransmitState _ptx;
    private long _rapidSent;
    private long _configurationSent;
    private long _notificationSent;

    private enum TransmitState
    {
        TransmitInit,
        TransmitPeriodic,
        TransmitConfig,
        TransmitTcn,
        TransmitRstp,
        Idle,
    }

    /// <summary>Moves the port transmit machine. It runs when the others rest, so that what is sent is what holds.</summary>
    internal bool StepTransmit()
    {
        if (NextTransmit() is not { } next)
            return false;
        Enter(next);
        return true;
    }

    private TransmitState? NextTransmit()
    {
        if (_ptx != TransmitState.Idle)
            return TransmitState.Idle;
        if (!Selected || UpdtInfo || !_portEnabled)
            return null;
        if (_helloWhen == 0)
            return TransmitState.TransmitPeriodic;
        if (!_newInfo || _txCount >= _tree.TransmitHoldCount)
            return null;
        if (_sendRstp)
            return TransmitState.TransmitRstp;
        return Role switch
        {
            PortRole.Root => TransmitState.TransmitTcn,
            PortRole.Designated => TransmitState.TransmitConfig,
            _ => null,
        };
    }

    private void Enter(TransmitState state)
    {
        _ptx = state;
        switch (state)
        {
            case TransmitState.TransmitInit:
                _newInfo = true;
                _txCount = 0;
                return;
            case TransmitState.TransmitPeriodic:
                _newInfo |= Role == PortRole.Designated || (Role == PortRole.Root && _tcWhile != 0);
                return;
            case TransmitState.Idle:
                _helloWhen = HelloTime;
                return;
        }

        Span<byte> frame = stackalloc byte[BpduWriter.FrameLength];
        Write(state, frame);
        _newInfo = false;
        _txCount++;
        if (state != TransmitState.TransmitTcn)
            _tcAck = false;
        _tree.Control.Transmit(Number, frame);
    }

    private void Write(TransmitState state, Span<byte> frame)
    {
        MacAddress source = _tree.Bridge.Address;
        switch (state)
        {
            case TransmitState.TransmitTcn:
                BpduWriter.WriteTopologyChange(frame, source);
                _notificationSent++;
                break;
            case TransmitState.TransmitConfig:
                BpduWriter.WriteConfiguration(frame, source, Content(ConfigurationFlags()));
                _configurationSent++;
                break;
            case TransmitState.TransmitRstp:
                BpduWriter.WriteRapid(frame, source, Content(RapidFlags()));
                _rapidSent++;
                break;
        }
    }

    // 17.21.19
    private BpduFlags ConfigurationFlags() =>
        (_tcWhile != 0 ? BpduFlags.TopologyChange : BpduFlags.None) | (_tcAck ? BpduFlags.TopologyChangeAcknowledgment : BpduFlags.None);

    // 17.21.20
    private BpduFlags RapidFlags()
    {
        BpduFlags flags = Role switch
        {
            PortRole.Root => BpduFlags.Root,
            PortRole.Designated => BpduFlags.Designated,
            PortRole.Alternate or PortRole.Backup => BpduFlags.Alternate,
            _ => BpduFlags.None,
        };
        if (_tcWhile != 0)
            flags |= BpduFlags.TopologyChange;
        if (_proposing)
            flags |= BpduFlags.Proposal;
        if (_learning)
            flags |= BpduFlags.Learning;
        if (_forwarding)
            flags |= BpduFlags.Forwarding;
        if (_agree)
            flags |= BpduFlags.Agreement;
        return flags;
    }

    private BpduContent Content(BpduFlags flags) => new(
        flags,
        DesignatedPriority.Root.Value,
        DesignatedPriority.RootPathCost,
        DesignatedPriority.DesignatedBridge.Value,
        PortId,
        TreeTimes.ToWire(DesignatedTimes.MessageAge),
        TreeTimes.ToWire(DesignatedTimes.MaxAge),
        TreeTimes.ToWire(DesignatedTimes.HelloTime),
        TreeTimes.ToWire(DesignatedTimes.ForwardDelay));

    private PortTreeCounters ReadCounters() => new(
        _rapidReceived,
        _configurationReceived,
        _notificationReceived,
        _invalidReceived,
        _ignored,
        _ownReceived,
        _rapidSent,
        _configurationSent,
        _notificationSent,
        _flushes,
        _transitions);
}
