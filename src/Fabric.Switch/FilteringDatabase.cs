using System.Runtime.CompilerServices;
using Fabric.Link.Stations;
using Fabric.Wire;

namespace Fabric.Switch;

// Who is where
//
// States of an address: unknown → (frame from it) known on a port → (frame from it on another port) known on that port →
// (AgeingTime without a frame, or its port flushed, down or detached) unknown. Time counts in seconds and moves once a burst. An
// entry that is too old leaves in a sweep that runs at most once a second, inside a burst. Fixed entries (set by an operator, or
// learned where port security makes them stick) neither age nor move.
//
// The table has a fixed size. When it is full, a port that already holds its share (size divided by ports) learns no more, and a port
// that holds less takes the place of an entry of the port that holds most. So a guest that invents addresses fills its own share, and
// the addresses of the others stay known.

/// <summary>The filtering database of a switch: the table, and the rules by which addresses enter and leave it (IEEE 802.1D-2004, 7.8,
/// 7.9). Everything under the switch's lock.</summary>
internal sealed class FilteringDatabase
{
    private readonly SwitchCounters _counters;
    private readonly uint _ageing;
    private readonly int _maxEntries;
    private SwitchPort?[] _ports = [];
    private int _portCount;
    private uint _now;

    /// <summary>Makes an empty database.</summary>
    /// <param name="options">Checked sizes and times.</param>
    /// <param name="counters">Where learning is counted.</param>
    internal FilteringDatabase(SwitchOptions options, SwitchCounters counters)
    {
        _counters = counters;
        _ageing = (uint)options.AgeingTime.TotalSeconds;
        _maxEntries = options.MaxEntries;
        Table = new StationTable(options.MaxEntries, options.HashSeed);
    }

    /// <summary>The table, for looking up.</summary>
    internal StationTable Table { get; }

    /// <summary>Ports have come or gone.</summary>
    /// <param name="ports">By index.</param>
    internal void SetPorts(SwitchPort?[] ports)
    {
        _ports = ports;
        _portCount = ports.Count(port => port is not null);
    }

    /// <summary>Moves the time; on a new second forgets what has been silent for too long.</summary>
    /// <param name="now">Seconds since the switch began.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void SetTime(uint now)
    {
        if (now == _now)
            return;
        _now = now;
        _counters.AddAged(Table.RemoveWhere(new OlderThan(this)));
    }

    /// <summary>Learns from a frame on a port without limits.</summary>
    /// <param name="source">The port.</param>
    /// <param name="key">VLAN and source address.</param>
    /// <returns>False when the address belongs to another port for good.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal bool TryLearn(SwitchPort source, ulong key)
    {
        ref StationTable.Slot slot = ref Table.Find(key);
        if (Unsafe.IsNullRef(ref slot))
        {
            LearnNew(source, key, isFixed: false);
            return true;
        }

        // A line that is not written stays clean in the cache.
        if (slot.Place == source.Index)
        {
            if (slot.Seen != _now)
                slot.Seen = _now;
            return true;
        }

        return TryMove(source, ref slot);
    }

    /// <summary>Learns from a frame on a port that may have limits.</summary>
    /// <param name="source">The port.</param>
    /// <param name="key">VLAN and source address.</param>
    /// <returns>False when the port may not use the address.</returns>
    internal bool TryLearnLimited(SwitchPort source, ulong key)
    {
        PortOptions options = source.Options;
        bool sticks = options.Security is { IsSticky: true };
        ref StationTable.Slot slot = ref Table.Find(key);
        if (!Unsafe.IsNullRef(ref slot))
        {
            if (slot.Place == source.Index)
            {
                slot.Seen = _now;
                return true;
            }

            if (slot.IsFixed)
                return false;
        }

        if (!options.Learns)
            return true;
        if (options.MaxAddresses != 0 && source.Entries + source.FixedEntries >= options.MaxAddresses)
            return options.Security is null;
        if (Unsafe.IsNullRef(ref slot))
            return LearnNew(source, key, sticks) || !sticks;
        TryMove(source, ref slot);
        if (sticks)
            Fix(source, ref slot);
        return true;
    }

    /// <summary>Makes an address belong to a port whatever frames say.</summary>
    /// <param name="port">The port.</param>
    /// <param name="key">VLAN and address.</param>
    /// <returns>False when the table is full of addresses that do.</returns>
    internal bool TryFix(SwitchPort port, ulong key)
    {
        Unfix(key);
        return LearnNew(port, key, isFixed: true, mayEvict: true);
    }

    /// <summary>Forgets an address.</summary>
    /// <param name="key">VLAN and address.</param>
    /// <returns>False when it is not known.</returns>
    internal bool Unfix(ulong key)
    {
        ref StationTable.Slot slot = ref Table.Find(key);
        if (Unsafe.IsNullRef(ref slot))
            return false;
        Discount(in slot);
        Table.Remove(ref slot);
        return true;
    }

    /// <summary>Forgets what was learned on a port.</summary>
    /// <param name="port">The port.</param>
    /// <param name="fixedToo">Fixed entries as well.</param>
    internal void Flush(SwitchPort port, bool fixedToo = false) => Table.RemoveWhere(new LeadsTo(this, port.Index, fixedToo));

    /// <summary>Forgets everything that was learned on any port.</summary>
    internal void FlushAll()
    {
        foreach (SwitchPort? port in _ports)
        {
            if (port is not null)
                Flush(port);
        }
    }

    /// <summary>The entries of a copy of the table that are not too old. Needs no lock.</summary>
    /// <param name="slots">The copy.</param>
    /// <param name="ports">The ports at that time.</param>
    /// <param name="now">Seconds since the switch began, at that time.</param>
    internal List<FdbEntry> List(ReadOnlySpan<StationTable.Slot> slots, ReadOnlySpan<SwitchPort?> ports, uint now)
    {
        List<FdbEntry> entries = [];
        foreach (ref readonly StationTable.Slot slot in slots)
        {
            uint age = slot.IsFixed ? 0 : now - slot.Seen;
            if (slot.Key != 0 && age < _ageing && ports[slot.Place] is { } port)
                entries.Add(new FdbEntry(MacAddress.FromBits(slot.Address), port.Port.Name, TimeSpan.FromSeconds(age)) { Vid = slot.Vid, IsFixed = slot.IsFixed });
        }

        return entries;
    }

    private bool TryMove(SwitchPort source, ref StationTable.Slot slot)
    {
        if (slot.IsFixed)
            return false;
        _ports[slot.Place]!.Entries--;
        slot.Place = (ushort)source.Index;
        slot.Seen = _now;
        source.Entries++;
        _counters.AddMoved();
        return true;
    }

    private static void Fix(SwitchPort port, ref StationTable.Slot slot)
    {
        slot.IsFixed = true;
        port.Entries--;
        port.FixedEntries++;
    }

    private bool LearnNew(SwitchPort source, ulong key, bool isFixed, bool mayEvict = false)
    {
        if (Table.IsFull && (mayEvict || source.Entries < _maxEntries / _portCount))
            Evict(source);
        if (!Table.TryAdd(key, source.Index, _now))
        {
            _counters.AddTableFull();
            return false;
        }

        source.Entries++;
        if (isFixed)
            Fix(source, ref Table.Find(key));
        _counters.AddLearned();
        return true;
    }

    private void Evict(SwitchPort source)
    {
        SwitchPort greediest = source;
        foreach (SwitchPort? port in _ports)
        {
            if (port is not null && port.Entries > greediest.Entries)
                greediest = port;
        }

        if (greediest.Entries == 0)
            return;
        Table.RemoveOneOf(greediest.Index);
        greediest.Entries--;
        _counters.AddEvicted();
    }

    private void Discount(in StationTable.Slot slot)
    {
        SwitchPort port = _ports[slot.Place]!;
        if (slot.IsFixed)
            port.FixedEntries--;
        else
            port.Entries--;
    }

    private readonly struct LeadsTo(FilteringDatabase owner, int port, bool fixedToo) : IStationMatch
    {
        public bool Matches(in StationTable.Slot slot)
        {
            if (slot.Place != port || (slot.IsFixed && !fixedToo))
                return false;
            owner.Discount(in slot);
            return true;
        }
    }

    private readonly struct OlderThan(FilteringDatabase owner) : IStationMatch
    {
        public bool Matches(in StationTable.Slot slot)
        {
            if (slot.IsFixed || owner._now - slot.Seen < owner._ageing)
                return false;
            owner.Discount(in slot);
            return true;
        }
    }
}
