using System.Numerics;
using System.Runtime.CompilerServices;
using Fabric.Link;
using Fabric.Wire;

namespace Fabric.Switch;

// The learning bridge of IEEE 802.1D-2004, clause 7, without spanning tree
//
// What flows through: bursts of up to 32 frames that one port received, as views over the sender's memory.
//
//   1. Read the two addresses of each frame, once: the memory may be a guest's, and what is read twice may differ. Frames too short
//      or too long, sources that are groups, offload headers that contradict the frame's length, and reserved group destinations
//      (7.12.6) end here.
//   2. Learn the source (7.8): a new address enters the table, a known one is refreshed, one seen on another port moves.
//   3. Look the destination up (7.7). Known: mark the frame for that port, unless it is the port it came from. Group or unknown:
//      mark it for all other ports.
//   4. For each port with marked frames, one Transmit with all of them, in their order. The port copies; nothing is copied here. Only
//      where a port cannot carry a frame's offload is the frame finished first (OffloadCompleter).
//
// Each frame that goes no further has one reason and is counted once, in SwitchCounters; what a port cannot deliver is its own drop.
//
// States of an address: unknown → (frame from it) known on a port → (frame from it on another port) known on that port →
// (AgeingTime without a frame, or its port detached) unknown. Time is read once a burst and counted in tenths of a second. An entry
// that is too old counts as unknown at once; it leaves the table in a sweep that runs at most once a second, inside a burst.
//
// The table has a fixed size. When it is full, a port that already holds its share (size divided by ports) learns no more, and a port
// that holds less takes the place of an entry of the port that holds most. So a guest that invents addresses fills its own share, and
// the addresses of the others stay known.
//
// Threads: any number of workers may feed the switch; they take turns, a burst each, under one lock, which costs a lone worker some
// twenty nanoseconds a burst. Attach and Detach take the same lock: when Detach returns, no frame is on its way to the port. Counters
// and Snapshot may be read at any time. Ports never call a sink from Transmit, so there is no order of locks to keep.

/// <summary>An Ethernet bridge that learns where stations are (IEEE 802.1D-2004, clause 7).</summary>
public sealed class LearningSwitch : IFrameSink
{
    private const int HeaderLength = EthernetView.MinHeaderLength;
    private const int MaxPorts = ushort.MaxValue;

    private readonly Lock _gate = new();
    private readonly TimeProvider _time;
    private readonly long _epoch;
    private readonly uint _ageing;
    private readonly int _maxEntries;
    private readonly ForwardingTable _table;
    private readonly Dictionary<IPort, SwitchPort> _byPort = new(ReferenceEqualityComparer.Instance);
    private readonly Frame[] _gathered = new Frame[IPort.MaxBurst];
    private readonly OffloadCompleter _completer = new();

    // By index; a detached port leaves a null, which the next one to be attached fills.
    private SwitchPort?[] _ports = [];
    private SwitchPort[] _leavingPorts = [];
    private int _leavingCount;
    private uint _now;

    /// <summary>Makes a switch without ports.</summary>
    /// <param name="name">Name in the topology.</param>
    /// <param name="time">Clock for ageing.</param>
    /// <param name="options">How it learns; null for the usual.</param>
    /// <exception cref="ArgumentOutOfRangeException">An option is outside its range.</exception>
    public LearningSwitch(string name, TimeProvider time, LearningSwitchOptions? options = null)
    {
        options ??= new LearningSwitchOptions();
        ArgumentOutOfRangeException.ThrowIfLessThan(options.AgeingTime, TimeSpan.FromSeconds(1));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.AgeingTime, TimeSpan.FromSeconds(1_000_000));
        ArgumentOutOfRangeException.ThrowIfLessThan(options.MaxEntries, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.MaxEntries, LearningSwitchOptions.LargestTable);
        Name = name;
        _time = time;
        _epoch = time.GetTimestamp();
        _ageing = (uint)options.AgeingTime.TotalSeconds;
        _maxEntries = options.MaxEntries;
        _table = new ForwardingTable(options.MaxEntries, options.HashSeed);
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
    /// <param name="port">Remains the caller's.</param>
    /// <exception cref="ArgumentException">The port is attached already.</exception>
    /// <exception cref="InvalidOperationException">The switch has 65,535 ports.</exception>
    public void Attach(IPort port)
    {
        lock (_gate)
        {
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

            SwitchPort attached = new(port, index);
            _ports[index] = attached;
            _byPort.Add(port, attached);
        }
    }

    /// <summary>Stops sending frames to a port and forgets the addresses behind it. When this returns the switch no longer touches it.</summary>
    /// <param name="port">A port that no worker polls any more.</param>
    /// <returns>False when the port is not attached.</returns>
    public bool Detach(IPort port)
    {
        lock (_gate)
        {
            if (!_byPort.Remove(port, out SwitchPort? attached))
                return false;
            _table.RemoveWhere(new LeadsTo(attached.Index));
            _ports[attached.Index] = null;
            Array.Clear(_leavingPorts);
            return true;
        }
    }

    /// <summary>The addresses known now. Allocates; holds up the data path for a copy of the table.</summary>
    public IReadOnlyList<FdbEntry> Snapshot()
    {
        List<FdbEntry> entries = [];
        ForwardingTable.Slot[] slots;
        SwitchPort?[] ports;
        uint now;
        lock (_gate)
        {
            now = ReadClock();
            slots = _table.Slots.ToArray();
            ports = [.. _ports];
        }

        foreach (ref readonly ForwardingTable.Slot slot in slots.AsSpan())
        {
            uint age = now - slot.Seen;
            if (slot.Key != 0 && age < _ageing && ports[slot.Port] is { } attached)
                entries.Add(new FdbEntry(MacAddress.FromBits(slot.Address), attached.Port.Name, TimeSpan.FromSeconds(age)));
        }

        return entries;
    }

    /// <inheritdoc/>
    public void Accept(IPort port, ReadOnlySpan<Frame> frames)
    {
        lock (_gate)
        {
            if (_byPort.TryGetValue(port, out SwitchPort? source))
                AcceptLocked(source, frames);
            else
                Counters.AddDrops(DropReason.NoPort, frames.Length);
        }
    }

    private void AcceptLocked(SwitchPort source, ReadOnlySpan<Frame> frames)
    {
        uint now = ReadClock();
        if (now != _now)
            SweepLocked(now);

        uint flooded = 0;
        int forwarded = 0;
        bool unfinished = false;
        for (int i = 0; i < frames.Length; i++)
        {
            if (!TryReadAddresses(in frames[i], out MacAddress destination, out MacAddress sender))
                continue;
            unfinished |= !frames[i].Offload.IsNone;
            Learn(source, sender.Bits);
            if (destination.IsGroup)
            {
                if (destination.IsReservedGroup)
                    Counters.AddDrops(DropReason.ReservedGroup);
                else
                    flooded |= 1U << i;
                continue;
            }

            ref ForwardingTable.Slot slot = ref _table.Find(destination.Bits);
            if (Unsafe.IsNullRef(ref slot))
            {
                Counters.AddUnknownUnicast();
                flooded |= 1U << i;
            }
            else if (slot.Port == source.Index)
            {
                Counters.AddDrops(DropReason.SamePort);
            }
            else
            {
                MarkLeaving(_ports[slot.Port]!, 1U << i);
                forwarded++;
            }
        }

        Counters.AddForwarded(forwarded);
        if (flooded != 0)
            MarkFlooded(source, flooded);
        TransmitMarked(frames, unfinished);
    }

    private bool TryReadAddresses(in Frame frame, out MacAddress destination, out MacAddress source)
    {
        destination = source = default;
        if (frame.Length is < HeaderLength or > Frame.MaxLength)
        {
            Counters.AddDrops(frame.Length < HeaderLength ? DropReason.Truncated : DropReason.Oversized);
            return false;
        }

        scoped ReadOnlySpan<byte> head = frame.Head;
        Span<byte> copy = stackalloc byte[HeaderLength];
        if (head.Length < HeaderLength)
        {
            frame.CopyTo(0, copy);
            head = copy;
        }

        destination = MacAddress.Read(head);
        source = MacAddress.Read(head[MacAddress.Length..]);
        if (source.IsGroup || !frame.Offload.IsConsistent(frame.Length))
        {
            Counters.AddDrops(source.IsGroup ? DropReason.GroupSource : DropReason.BadOffload);
            return false;
        }

        return true;
    }

    private void Learn(SwitchPort source, ulong address)
    {
        ref ForwardingTable.Slot slot = ref _table.Find(address);
        if (Unsafe.IsNullRef(ref slot))
        {
            LearnNew(source, address);
            return;
        }

        // A line that is not written stays clean in the cache.
        if (slot.Seen != _now)
            slot.Seen = _now;
        if (slot.Port == source.Index)
            return;
        _ports[slot.Port]!.Entries--;
        slot.Port = source.Index;
        source.Entries++;
        Counters.AddMoved();
    }

    private void LearnNew(SwitchPort source, ulong address)
    {
        if (_table.IsFull && source.Entries < _maxEntries / _byPort.Count)
        {
            SwitchPort greediest = source;
            foreach (SwitchPort? port in _ports)
            {
                if (port is not null && port.Entries > greediest.Entries)
                    greediest = port;
            }

            _table.RemoveOneOf(greediest.Index);
            greediest.Entries--;
            Counters.AddEvicted();
        }

        if (_table.TryAdd(address, source.Index, _now))
        {
            source.Entries++;
            Counters.AddLearned();
        }
        else
        {
            Counters.AddTableFull();
        }
    }

    private void MarkLeaving(SwitchPort port, uint frames)
    {
        if (port.Leaving == 0)
            _leavingPorts[_leavingCount++] = port;
        port.Leaving |= frames;
    }

    private void MarkFlooded(SwitchPort source, uint frames)
    {
        int count = BitOperations.PopCount(frames);
        if (_byPort.Count == 1)
        {
            Counters.AddDrops(DropReason.NoPort, count);
            return;
        }

        Counters.AddFlooded(count);
        foreach (SwitchPort? port in _ports)
        {
            if (port is not null && port != source)
                MarkLeaving(port, frames);
        }
    }

    private void TransmitMarked(ReadOnlySpan<Frame> frames, bool unfinished)
    {
        for (int i = 0; i < _leavingCount; i++)
        {
            SwitchPort port = _leavingPorts[i];
            uint leaving = port.Leaving;
            port.Leaving = 0;
            ReadOnlySpan<Frame> chosen = Gather(frames, leaving);
            if (!unfinished)
                port.Port.Transmit(chosen);
            else if (_completer.Transmit(port.Port, chosen) is > 0 and int bad)
                Counters.AddDrops(DropReason.BadOffload, bad);
        }

        _leavingCount = 0;
    }

    private ReadOnlySpan<Frame> Gather(ReadOnlySpan<Frame> frames, uint chosen)
    {
        if (BitOperations.PopCount(chosen) == frames.Length)
            return frames;
        int count = 0;
        for (; chosen != 0; chosen &= chosen - 1)
            _gathered[count++] = frames[BitOperations.TrailingZeroCount(chosen)];
        return _gathered.AsSpan(0, count);
    }

    private void SweepLocked(uint now)
    {
        _now = now;
        int removed = _table.RemoveWhere(new OlderThan(this));
        Counters.AddAged(removed);
    }

    private uint ReadClock() => (uint)((_time.GetTimestamp() - _epoch) / _time.TimestampFrequency);

    private readonly struct LeadsTo(int port) : IEntryMatch
    {
        public bool Matches(in ForwardingTable.Slot slot) => slot.Port == port;
    }

    private readonly struct OlderThan(LearningSwitch owner) : IEntryMatch
    {
        public bool Matches(in ForwardingTable.Slot slot)
        {
            if (owner._now - slot.Seen < owner._ageing)
                return false;
            owner._ports[slot.Port]!.Entries--;
            return true;
        }
    }
}
