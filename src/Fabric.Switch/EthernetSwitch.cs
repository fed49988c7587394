using Fabric.Link;
using Fabric.Link.Stations;
using Fabric.Switch.Vlans;
using Fabric.Wire;

namespace Fabric.Switch;

// The bridge of IEEE 802.1D-2004, clause 7, as a pipeline
//
// What flows through: bursts of up to 32 frames that one port received, as views over the sender's memory. A burst passes the stages
// below one after the other, not a frame at a time; a stage that no option of the port or the switch needs is one test a burst.
//
//   1. Read the two addresses of each frame, once: the memory may be a guest's, and what is read twice may differ. Frames too short
//      or too long, sources that are groups, and offload headers that contradict the frame's length end here. The table's lines for
//      both addresses are fetched meanwhile.
//   2. Frames to reserved group addresses (7.12.6) go to a protocol that takes them, in every state of the port; the others end here,
//      or pass where both ports are to be like a cable.
//   3. Port state. What a port that is shut or discarding receives teaches nothing. Where a port has VLANs or an access list, headers are
//      copied, the frame's VLAN found, and the lists of port and VLAN asked. Then the port's rate.
//   4. Learn the sources (7.8), within the port's limits.
//   5. Look the destinations up (7.7). Known: mark the frame for that port, unless it is the port it came from. Group or unknown: it
//      is flooded, within the port's storm limits.
//   6. Mark flooded frames for all other ports that may have them.
//   7. Take out what the access lists of the ports out deny.
//   8. For each port with marked frames, one Transmit with all of them, in their order. The port copies; nothing is copied here. Tags
//      are put on and off by a new head before the rest. Only where a port cannot carry a frame's offload is the frame finished first
//      (OffloadCompleter).
//
// Each frame that is received has one fate, and SwitchCounters counts it once: forwarded, flooded, consumed by a protocol, or dropped
// for one reason. What a port cannot deliver is its own drop.
//
// Threads: any number of workers may feed the switch; they take turns, a burst each, under one lock, which costs a lone worker some
// twenty nanoseconds a burst. Attach, Detach and all changes take the same lock: when Detach returns, no frame is on its way to the
// port. Counters and Snapshot may be read at any time. Ports never call a sink from Transmit, so there is no order of locks to keep.
//
// Observers see what comes in and what leaves, and each drop with its reason; mirrors get copies of the same.
//
// EthernetSwitch.Ingress.cs has stages 1 to 5, .Inspection.cs VLANs and access lists, .Multicast.cs snooping, .Egress.cs the rest,
// .Control.cs what a protocol sees, .Watching.cs observers and mirrors; FilteringDatabase.cs the rules of learning.

/// <summary>An Ethernet bridge that learns where stations are (IEEE 802.1D-2004, clause 7).</summary>
public sealed partial class EthernetSwitch : IFrameSink, IDisposable
{
    private const int HeaderLength = EthernetView.MinHeaderLength;
    private const int MaxPorts = ushort.MaxValue;

    private readonly Lock _gate = new();
    private readonly TimeProvider _time;
    private readonly long _epoch;
    private readonly FilteringDatabase _addresses;
    private readonly StationTable _table;
    private readonly Dictionary<IPort, SwitchPort> _byPort = new(ReferenceEqualityComparer.Instance);

    // By index; a detached port leaves a null, which the next one to be attached fills.
    private SwitchPort?[] _ports = [];
    private SwitchPort? _lastSource;

    // Ticks of the clock since the switch began, read once a burst.
    private long _ticks;

    // Some port may not have all that would be sent to it.
    private bool _restricted;

    /// <summary>Makes a switch without ports.</summary>
    /// <param name="name">Name in the topology.</param>
    /// <param name="time">Clock for ageing, rates and protocols.</param>
    /// <param name="options">How it learns; null for the usual.</param>
    /// <exception cref="ArgumentOutOfRangeException">An option is outside its range.</exception>
    public EthernetSwitch(string name, TimeProvider time, SwitchOptions? options = null)
    {
        options ??= new SwitchOptions();
        ArgumentOutOfRangeException.ThrowIfLessThan(options.AgeingTime, TimeSpan.FromSeconds(1));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.AgeingTime, TimeSpan.FromSeconds(1_000_000));
        ArgumentOutOfRangeException.ThrowIfLessThan(options.MaxEntries, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.MaxEntries, SwitchOptions.LargestTable);
        Name = name;
        _time = time;
        _epoch = time.GetTimestamp();
        _addresses = new FilteringDatabase(options, Counters);
        _table = _addresses.Table;
    }

    /// <summary>Name in the topology.</summary>
    public string Name { get; }

    /// <summary>What the switch has done.</summary>
    public SwitchCounters Counters { get; } = new();

    /// <summary>The attached ports, oldest place first. Allocates; not for the data path.</summary>
    public IReadOnlyList<IPort> Ports
    {
        get
        {
            lock (_gate)
            {
                return [.. _byPort.Values.OrderBy(port => port.Index).Select(port => port.Port)];
            }
        }
    }

    /// <summary>Starts sending frames to a port and taking frames from it. To be called before a worker polls it.</summary>
    /// <param name="port">Remains the caller's. The switch becomes its link watcher.</param>
    /// <param name="options">What it may do; null for a plain port.</param>
    /// <exception cref="ArgumentException">The port is attached already.</exception>
    /// <exception cref="InvalidOperationException">The switch has 65,535 ports.</exception>
    public void Attach(IPort port, PortOptions? options = null)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (_byPort.ContainsKey(port))
                throw new ArgumentException($"port {port.Name} is attached to switch {Name} already", nameof(port));
            int index = Array.IndexOf(_ports, null);
            if (index < 0)
            {
                index = _ports.Length;
                if (index == MaxPorts)
                    throw new InvalidOperationException($"switch {Name} has {MaxPorts} ports, which is all it can take");
                _ports = [.. _ports, null];
                _leavingPorts = new SwitchPort[_ports.Length];
            }

            SwitchPort attached = new(this, port, index);
            attached.Configure(options ?? PortOptions.Plain, _time.TimestampFrequency, _time.GetTimestamp() - _epoch);
            _ports[index] = attached;
            _byPort.Add(port, attached);
            _addresses.SetPorts(_ports);
            RefreshMirrorsLocked();
            RecomputeLocked();
            port.AttachLinkWatcher(attached);
            foreach (IControlProtocol protocol in _protocols)
                protocol.PortAdded(index, port.IsUp);
            _snooper?.PortAdded(index);
        }
    }

    /// <summary>Stops sending frames to a port and forgets the addresses behind it. When this returns the switch no longer touches it.</summary>
    /// <param name="port">A port that no worker polls any more.</param>
    /// <returns>False when the port is not attached.</returns>
    public bool Detach(IPort port)
    {
        lock (_gate)
        {
            if (!_byPort.TryGetValue(port, out SwitchPort? attached))
                return false;
            DetachLocked(attached);
            return true;
        }
    }

    /// <summary>Changes what a port may do, from the next burst on. Addresses that were learned stay, but for those that
    /// <see cref="PortSecurity"/> made stick where it is taken away.</summary>
    /// <param name="port">An attached port.</param>
    /// <param name="options">All of its options.</param>
    /// <exception cref="SwitchException">The port is not attached.</exception>
    public void Configure(IPort port, PortOptions options)
    {
        lock (_gate)
        {
            SwitchPort attached = FindLocked(port);
            PortVlan vlan = attached.Vlan;
            bool unstick = attached.Options.Security is { IsSticky: true } && options.Security is not { IsSticky: true };
            attached.Configure(options, _time.TimestampFrequency, _time.GetTimestamp() - _epoch);
            if (unstick)
                _addresses.Flush(attached, fixedToo: true);
            else if (attached.Vlan != vlan)
                _addresses.Flush(attached);
            RecomputeLocked();
        }
    }

    /// <summary>Opens a port that a violation has shut. Does nothing to an open one.</summary>
    /// <param name="port">An attached port.</param>
    /// <exception cref="SwitchException">The port is not attached.</exception>
    public void Reopen(IPort port)
    {
        lock (_gate)
        {
            SetShutLocked(FindLocked(port), false);
        }
    }

    /// <summary>What stands about a port now. Allocates.</summary>
    /// <param name="port">An attached port.</param>
    /// <exception cref="SwitchException">The port is not attached.</exception>
    public PortStatus Status(IPort port)
    {
        lock (_gate)
        {
            SwitchPort attached = FindLocked(port);
            return new PortStatus
            {
                Number = attached.Index,
                Options = attached.Options,
                State = attached.State,
                IsShut = attached.IsShut,
                Addresses = attached.Entries + attached.FixedEntries,
                Violations = attached.Violations,
                Drops = attached.Drops(),
            };
        }
    }

    /// <summary>Says for good where a station is. It neither ages nor moves, and frames from it on another port are dropped.</summary>
    /// <param name="port">An attached port.</param>
    /// <param name="address">The station; no group.</param>
    /// <param name="vid">Its VLAN; 0 for that of the port's untagged frames, and in a switch without VLANs.</param>
    /// <exception cref="SwitchException">The port is not attached, the address is a group's, or the table is full of such entries.</exception>
    public void AddStatic(IPort port, MacAddress address, int vid = 0)
    {
        lock (_gate)
        {
            SwitchPort attached = FindLocked(port);
            if (address.IsGroup || vid is < 0 or > 4094)
                throw new SwitchException($"{address} in VLAN {vid} is no station: a station's first octet is even, and VLANs end at 4094");
            if (_vlanAware && vid == 0)
                vid = attached.Vlan.Vid;
            if (!_addresses.TryFix(attached, StationTable.Key(vid, address.Bits)))
                throw new SwitchException($"the table of switch {Name} has no place for {address}: give the switch a larger one");
        }
    }

    /// <summary>Forgets a station, learned or static, until it is heard again.</summary>
    /// <param name="address">The station.</param>
    /// <param name="vid">Its VLAN; 0 in a switch without VLANs.</param>
    /// <returns>False when it was not known.</returns>
    public bool Forget(MacAddress address, int vid = 0)
    {
        lock (_gate)
        {
            return _addresses.Unfix(StationTable.Key(vid & 0xFFF, address.Bits));
        }
    }

    /// <summary>The addresses known now. Allocates; holds up the data path for a copy of the table.</summary>
    public IReadOnlyList<FdbEntry> Snapshot()
    {
        StationTable.Slot[] slots;
        SwitchPort?[] ports;
        uint now;
        lock (_gate)
        {
            _ticks = _time.GetTimestamp() - _epoch;
            now = SecondsLocked();
            slots = _table.Slots.ToArray();
            ports = [.. _ports];
        }

        return _addresses.List(slots, ports, now);
    }

    private void DetachLocked(SwitchPort port)
    {
        foreach (IControlProtocol protocol in _protocols)
            protocol.PortRemoved(port.Index);
        ForgetStatesLocked(port);
        _snooper?.PortRemoved(port.Index);
        port.Port.AttachLinkWatcher(null);
        _byPort.Remove(port.Port);
        _addresses.Flush(port, fixedToo: true);
        _ports[port.Index] = null;
        _addresses.SetPorts(_ports);
        Array.Clear(_leavingPorts);
        _lastSource = null;
        RefreshMirrorsLocked();
        RecomputeLocked();
    }

    private SwitchPort FindLocked(IPort port) => _byPort.TryGetValue(port, out SwitchPort? attached)
        ? attached
        : throw new SwitchException($"port {port.Name} is not attached to switch {Name}: attach it first");

    private SwitchPort? PortAt(int index) => (uint)index < (uint)_ports.Length ? _ports[index] : null;

    private void SetShutLocked(SwitchPort port, bool isShut)
    {
        port.SetShut(isShut);
        RecomputeLocked();
    }

    // What the stages test once a burst.
    private void RecomputeLocked()
    {
        bool wasAware = _vlanAware;
        _vlanAware = false;
        _restricted = false;
        _filtered = _vlanOptions.Count != 0;
        foreach (SwitchPort port in _byPort.Values)
        {
            _restricted |= port.IsRestricted;
            _vlanAware |= port.Options.Vlan is not null;
            _filtered |= port.Options.IngressAcl is not null || port.Options.EgressAcl is not null;
        }

        _restricted |= _vlanAware;
        _inspecting = _vlanAware || _filtered || _snooper is not null;
        _watched = _observations.Length != 0 || _mirrors.Length != 0;
        if (_vlanAware != wasAware)
            _addresses.FlushAll();
    }

    private uint SecondsLocked() => (uint)(_ticks / _time.TimestampFrequency);
}
