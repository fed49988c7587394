using System.Diagnostics;
using Fabric.Wire;

namespace Fabric.Switch.SpanningTree;

// The spanning tree of IEEE 802.1D-2004, clause 17: RSTP, which speaks STP (802.1D-1998) on a port whose neighbour knows nothing else
//
// Bridges agree on a root, the one with the lowest identifier, and each keeps open only its cheapest way to it. What is left has no
// loop. They tell each other in BPDUs what they believe: a priority vector (root, cost to it, who says so, on which port), lower
// being better, and the times that go with it.
//
// Each port holds one vector, the best heard on its link or, if this bridge has a better one to offer, its own. From these follow the
// roles:
//
//   Root         The port whose vector plus its own cost is the best: the way to the root.
//   Designated   This bridge's vector is the best on the link: the link's way to the root.
//   Alternate    Another bridge's is: a spare way to the root. Shut.
//   Backup       Another port of this bridge has it: a spare way to that link. Shut.
//   Disabled     No link.
//
// A port is in one of three states, Discarding, Learning and Forwarding. Alone, a port waits before each step until all that may
// be out of date has died out. What makes it rapid is that neighbours ask each other instead:
//
//   proposal   A designated port that does not forward sends Proposal. The bridge below shuts all its own designated ports that have
//              not been agreed on (sync), and when nothing below it can forward old ways any more it answers Agreement. Then the
//              designated port forwards at once, and the bridge below proposes on the ports it has shut. So a cut travels outward
//              from the root through the tree, at the pace of the messages, and behind it everything forwards again.
//   re-root    A new root port forwards as soon as every port that was root port lately is shut: there is nothing to ask, because
//              the port it replaces was open and both lead up.
//   edge       A port where nobody answers for three seconds has a host behind it and forwards.
//   dispute    A neighbour that calls itself designated with worse information, and learns, does not hear us: shut the port.
//
// Each machine below is the one in the standard's diagram of that name, its variables under the standard's names; a method Next...
// holds the conditions of the diagram, Enter(...) the actions of its boxes:
//
//   port receive, protocol migration, bridge detection    TreePort.Receive.cs           17.23 to 17.25
//   port transmit                                         TreePort.Transmit.cs          17.26
//   port information                                      TreePort.Information.cs       17.27
//   port role selection                                   RapidSpanningTree.Roles.cs    17.28
//   port role transitions                                 TreePort.RoleTransition.cs    17.29
//   port state transition, topology change                TreePort.Topology.cs          17.30, 17.31
//
// An event (a BPDU, a link, a second) sets a variable, then all machines run until none has a transition left, and only then are
// BPDUs sent. So each BPDU finds the bridge at rest and leaves it at rest, and what a peer reads is never half of a change.
//
// Time: Tick counts seconds, as the standard's timers do. Nothing else here knows of time.
// Bad input: a frame that is no BPDU is counted; what is in one is compared, and its times are brought into the standard's ranges. A
// port on which wild BPDUs come in sends at most TransmitHoldCount and then one a second in return, and looks at a hundred a second.

/// <summary>A bridge's part in the spanning tree (IEEE 802.1D-2004, clause 17).</summary>
/// <remarks>One call at a time, under the switch's lock: from outside through <see cref="EthernetSwitch.AskProtocol"/>. Calls of
/// <see cref="ISwitchControl"/> are made from inside the calls here; the control must not call back. Allocates only where ports are
/// added and status is read.</remarks>
public sealed partial class RapidSpanningTree : IControlProtocol
{
    /// <summary>Most ports: a port's number has 12 bits in a BPDU (17.3.2), from 1.</summary>
    public const int MaxPorts = 4095;

    private readonly SpanningTreeOptions _options;
    private TreePort?[] _byNumber = [];
    private TreePort[] _ports = [];
    private long _seconds;

    /// <summary>Makes a bridge without ports.</summary>
    /// <param name="control">The switch.</param>
    /// <param name="bridgeAddress">The bridge's address, unique among bridges: part of its identifier and source of its BPDUs.</param>
    /// <param name="options">How it takes part; null for the standard's defaults.</param>
    /// <exception cref="ArgumentOutOfRangeException">An option is outside its range or contradicts another.</exception>
    public RapidSpanningTree(ISwitchControl control, MacAddress bridgeAddress, SpanningTreeOptions? options = null)
    {
        _options = options ?? new SpanningTreeOptions();
        _options.Check();
        Control = control;
        Bridge = new BridgeId((ushort)_options.Priority, bridgeAddress);
        BridgeTimes = RootTimes = new TreeTimes(0, _options.MaxAge, _options.HelloTime, _options.ForwardDelay);
        RootPriority = new PriorityVector(Bridge, 0, Bridge, 0);
    }

    /// <summary>Identifier of this bridge.</summary>
    public BridgeId Bridge { get; }

    internal ISwitchControl Control { get; }

    internal TreeTimes BridgeTimes { get; }

    internal int TransmitHoldCount => _options.TransmitHoldCount;

    // 17.20.11
    internal bool RstpVersion => _options.Version >= SpanningTreeVersion.Rstp;

    /// <summary>Takes a port in, its link down and its state Discarding.</summary>
    /// <param name="port">The switch's number of the port, below <see cref="MaxPorts"/>.</param>
    /// <param name="options">How it takes part; null for the usual.</param>
    /// <exception cref="ArgumentOutOfRangeException">The number or an option is outside its range.</exception>
    /// <exception cref="ArgumentException">The port is there already.</exception>
    public void AddPort(int port, PortTreeOptions? options = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(port);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(port, MaxPorts);
        options ??= new PortTreeOptions();
        options.Check();
        if (Find(port) != null)
            throw new ArgumentException($"port {port} is in the tree already", nameof(port));
        if (port >= _byNumber.Length)
            Array.Resize(ref _byNumber, port + 1);
        _byNumber[port] = new TreePort(this, port, options);
        ListPorts();
        Run();
    }

    /// <summary>Lets a port go. Nothing is sent to it, and its state is left as it is.</summary>
    /// <param name="port">Number of the port.</param>
    /// <returns>False when the port is not there.</returns>
    public bool RemovePort(int port)
    {
        if (Find(port) == null)
            return false;
        _byNumber[port] = null;
        ListPorts();
        ReselectAll();
        Run();
        return true;
    }

    /// <summary>Changes how a port takes part: without a break, unless it becomes or ceases to be an edge, which is as if the link had
    /// been down for a moment.</summary>
    /// <param name="port">Number of the port.</param>
    /// <param name="options">All of its options.</param>
    /// <exception cref="ArgumentOutOfRangeException">An option is outside its range.</exception>
    /// <returns>False when the port is not there.</returns>
    public bool Configure(int port, PortTreeOptions options)
    {
        options.Check();
        if (Find(port) is not { } found)
            return false;
        if (found.Configure(options))
            Run();
        found.Enable();
        ReselectAll();
        Run();
        return true;
    }

    /// <summary>Takes in a frame that came to the bridge group address, in whatever state the port is.</summary>
    /// <param name="port">Number of the port; a frame for one that is not there is ignored.</param>
    /// <param name="frame">From the destination address on, without FCS; not kept.</param>
    public void Receive(int port, ReadOnlySpan<byte> frame)
    {
        if (Find(port) is { } found && found.Take(frame))
            Run();
    }

    /// <inheritdoc/>
    void IControlProtocol.PortAdded(int port, bool isUp)
    {
        // A switch may have more ports than a BPDU can number: the others stay shut rather than closing a loop.
        if (port >= MaxPorts)
        {
            Control.SetPortState(port, PortState.Discarding);
            return;
        }

        AddPort(port);
        LinkChanged(port, isUp);
    }

    /// <inheritdoc/>
    void IControlProtocol.PortRemoved(int port) => RemovePort(port);

    /// <inheritdoc/>
    bool IControlProtocol.TryReceive(int port, ReadOnlySpan<byte> frame)
    {
        if (MacAddress.Read(frame) != BpduView.BridgeGroup)
            return false;
        Receive(port, frame);
        return true;
    }

    /// <summary>Says that a port's link is up or down. Up lifts nothing but what down has set: repeat it freely.</summary>
    /// <param name="port">Number of the port; one that is not there is ignored.</param>
    /// <param name="isUp">True when frames can pass.</param>
    public void LinkChanged(int port, bool isUp)
    {
        if (Find(port) is not { } found)
            return;
        found.SetLink(isUp);
        found.Enable();
        Run();
    }

    /// <summary>Asks a port that fell back to STP to try RSTP again (mcheck, 17.19.13).</summary>
    /// <param name="port">Number of the port; one that is not there is ignored.</param>
    public void CheckMigration(int port)
    {
        if (Find(port) is not { } found)
            return;
        found.CheckMigration();
        Run();
    }

    /// <summary>Says that a second has passed (17.22).</summary>
    public void Tick()
    {
        _seconds++;
        foreach (TreePort port in _ports)
            port.DecrementTimers();
        Run();
    }

    /// <summary>The bridge and its ports as they are now. Allocates.</summary>
    public SpanningTreeStatus ReadStatus() => new(
        Bridge,
        RootPriority.Root,
        RootPriority.RootPathCost,
        _rootPort?.Number,
        RootTimes.MaxAge,
        RootTimes.HelloTime,
        RootTimes.ForwardDelay,
        _topologyChanges,
        _topologyChanges == 0 ? null : _seconds - _topologyChangedAt,
        [.. _ports.Select(port => port.ReadStatus())]);

    private TreePort? Find(int port) => (uint)port < (uint)_byNumber.Length ? _byNumber[port] : null;

    private void ListPorts() => _ports = [.. _byNumber.OfType<TreePort>()];

    private void ReselectAll()
    {
        foreach (TreePort port in _ports)
            port.Reselect = true;
    }

    private void Run()
    {
        // Each event leads through a few transitions a port. Machines that never come to rest would be an error in them, which must not
        // hold the switch for ever.
        int left = 1000 + (100 * _ports.Length);
        while (left > 0 && (StepOthers() || StepTransmit()))
            left--;
        Debug.Assert(left > 0, "the spanning tree machines do not come to rest");
    }

    private bool StepOthers()
    {
        bool moved = false;
        foreach (TreePort port in _ports)
            moved |= port.Step();
        moved |= StepRoleSelection();
        foreach (TreePort port in _ports)
            moved |= port.StepRole();
        return moved;
    }

    private bool StepTransmit()
    {
        bool moved = false;
        foreach (TreePort port in _ports)
            moved |= port.StepTransmit();
        return moved;
    }
}
