using Fabric.Wire;

namespace Fabric.Switch.SpanningTree;

// The variables of one port (IEEE 802.1D-2004, 17.17 timers and 17.19) under the standard's names. The state machines that work on
// them are in the other parts of this class, one a file.

/// <summary>A port of a bridge in the spanning tree.</summary>
internal sealed partial class TreePort
{
    // 17.13.9: seconds of silence after which another protocol, or no bridge, is believed to be attached.
    private const int MigrateTime = 3;

    private readonly RapidSpanningTree _tree;
    private PortTreeOptions _options;

    // 17.17, in seconds
    private int _edgeDelayWhile;
    private int _fdWhile;
    private int _helloWhen;
    private int _mdelayWhile;
    private int _rbWhile;
    private int _rcvdInfoWhile;
    private int _tcWhile;
    private int _txCount;

    // 17.19
    private bool _agree;
    private bool _agreed;
    private bool _disputed;
    private bool _fdbFlush;
    private bool _forward;
    private bool _forwarding;
    private bool _learn;
    private bool _learning;
    private bool _mcheck;
    private bool _newInfo;
    private bool _operEdge;
    private bool _portEnabled;
    private bool _proposed;
    private bool _proposing;
    private bool _rcvdBpdu;
    private RcvdInfo _rcvdInfo;
    private bool _rcvdMsg;
    private bool _rcvdRstp;
    private bool _rcvdStp;
    private bool _rcvdTc;
    private bool _rcvdTcAck;
    private bool _rcvdTcn;
    private bool _sendRstp;
    private bool _synced;
    private bool _tcAck;

    // Not in the standard, see IsAgreementToThis.
    private int _settleWhile;
    private bool _wavers;
    private bool _worsened;

    private PriorityVector _msgPriority;
    private TreeTimes _msgTimes;
    private BpduKind _msgKind;
    private BpduFlags _msgFlags;
    private bool _guarded;
    private bool _linkUp;

    internal TreePort(RapidSpanningTree tree, int number, PortTreeOptions options)
    {
        _tree = tree;
        _options = options;
        Number = number;
        Begin();
    }

    /// <summary>The switch's number of the port.</summary>
    internal int Number { get; }

    internal ushort PortId => (ushort)((_options.Priority << 8) | (Number + 1));

    internal uint PortPathCost => _options.EffectivePathCost;

    internal bool RestrictedRole => _options.RootGuard;

    // What role selection and the other ports read and write.
    internal InfoIs InfoIs { get; private set; }

    internal PriorityVector PortPriority { get; private set; }

    internal TreeTimes PortTimes { get; private set; }

    internal PriorityVector DesignatedPriority { get; set; }

    internal TreeTimes DesignatedTimes { get; set; }

    internal PortRole Role { get; private set; }

    internal PortRole SelectedRole { get; set; }

    internal int RrWhile { get; private set; }

    internal bool Reselect { get; set; }

    internal bool ReRoot { get; set; }

    internal bool Selected { get; set; }

    internal bool Sync { get; set; }

    internal bool Synced => _synced;

    internal bool TcProp { get; set; }

    internal bool UpdtInfo { get; set; }

    /// <summary>The role machine has done what role selection asked for.</summary>
    internal bool HasSelectedRole => Selected && Role == SelectedRole && !UpdtInfo;

    // 17.20
    private int FwdDelay => DesignatedTimes.ForwardDelay;

    private int HelloTime => DesignatedTimes.HelloTime;

    private int MaxAge => DesignatedTimes.MaxAge;

    private int EdgeDelay => _options.PointToPoint ? MigrateTime : MaxAge;

    private int ForwardDelay => _sendRstp ? HelloTime : FwdDelay;

    private bool AllSynced => _tree.AllSynced(this);

    private bool ReRooted => _tree.ReRooted(this);

    private PortState State => _forwarding ? PortState.Forwarding : _learning ? PortState.Learning : PortState.Discarding;

    /// <summary>17.22: one second has passed for every timer.</summary>
    internal void DecrementTimers()
    {
        Decrement(ref _edgeDelayWhile);
        Decrement(ref _fdWhile);
        Decrement(ref _helloWhen);
        Decrement(ref _mdelayWhile);
        Decrement(ref _rbWhile);
        Decrement(ref _rcvdInfoWhile);
        Decrement(ref _tcWhile);
        Decrement(ref _settleWhile);
        if (_settleWhile == 0)
            _worsened = _wavers = false;
        Decrement(ref _txCount);
        _takenThisSecond = 0;
        if (RrWhile != 0)
            RrWhile--;
    }

    /// <summary>The link is there, or not; a guard that shut the port lets go when it is not.</summary>
    internal void SetLink(bool isUp)
    {
        _linkUp = isUp;
        _guarded &= isUp;
    }

    /// <summary>Takes other options.</summary>
    /// <returns>True when the machines have to see the port disabled before it is enabled again.</returns>
    internal bool Configure(PortTreeOptions options)
    {
        bool isBreak = options.AdminEdge != _options.AdminEdge;
        _guarded &= options.BpduGuard;
        _options = options;
        _portEnabled &= !isBreak;
        return isBreak;
    }

    /// <summary>Enables the port or not, as link and guard say.</summary>
    internal void Enable() => _portEnabled = _linkUp && !_guarded;

    /// <summary>17.19.13: try the rapid protocol again.</summary>
    internal void CheckMigration() => _mcheck = true;

    /// <summary>Moves each machine that has a transition to take by one.</summary>
    /// <returns>False when all rest. Transmission waits until then, see <see cref="StepTransmit"/>.</returns>
    internal bool Step() =>
        StepReceive() | StepMigration() | StepBridgeDetection() | StepInformation();

    /// <summary>The machines that wait for roles.</summary>
    internal bool StepRole() =>
        StepRoleTransition() | StepStateTransition() | StepTopologyChange();

    internal PortTreeStatus ReadStatus() => new(
        Number,
        PortId,
        Role,
        State,
        PortPathCost,
        PortPriority.DesignatedBridge,
        PortPriority.DesignatedPort,
        PortPriority.RootPathCost,
        _operEdge,
        _sendRstp,
        _guarded,
        RestrictedRole && InfoIs == InfoIs.Received && Role is PortRole.Alternate,
        ReadCounters());

    private static void Decrement(ref int timer)
    {
        if (timer != 0)
            timer--;
    }

    private void Begin()
    {
        DesignatedTimes = PortTimes = _tree.BridgeTimes;
        DesignatedPriority = PortPriority = new PriorityVector(_tree.Bridge, 0, _tree.Bridge, PortId);
        Enter(ReceiveState.Discard);
        Enter(MigrationState.CheckingRstp);
        Enter(_options.AdminEdge ? BridgeDetectionState.Edge : BridgeDetectionState.NotEdge);
        Enter(InformationState.Disabled);
        Enter(RoleState.InitPort);
        Enter(TransitionState.Discarding);
        Enter(TopologyState.Inactive);
        Enter(TransmitState.TransmitInit);
    }
}
