using System.Runtime.CompilerServices;
using Fabric.Link.Stations;
using Fabric.Wire;

namespace Fabric.Overlay;

// Who is where, in one segment
//
// States of a station: unknown → (frame from it out of the tunnel) behind that VTEP → (frame from it by another VTEP) behind that one →
// (frame from it on this side; AgeingTime in silence; its VTEP taken out) unknown. Static entries neither age nor move; a frame from such
// a station by another way is not its own and is dropped.
//
// The table has a fixed size. When it is full, a VTEP that has less than its share (size divided by VTEPs) takes the place of an entry of
// the one that has most; so one that invents stations fills its own share, and the others' stay known.

/// <summary>The rules by which stations enter and leave a segment's table. Everything under the VTEP's table lock.</summary>
internal sealed class Stations
{
    private readonly SegmentOptions _options;
    private readonly SegmentCounters _counters;
    private readonly uint _ageing;
    private int[] _learned = [];
    private uint _now;

    internal Stations(SegmentOptions options, SegmentCounters counters, VtepOptions common)
    {
        _options = options;
        _counters = counters;
        _ageing = (uint)common.AgeingTime.TotalSeconds;
        Table = new StationTable(options.MaxStations, common.HashSeed);
    }

    internal StationTable Table { get; }

    /// <summary>Number of VTEPs of the segment, for their shares.</summary>
    internal int Remotes { get; set; } = 1;

    /// <summary>Moves the time; on a new second forgets what has been silent for too long.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void SetTime(uint now)
    {
        if (now == _now)
            return;
        _now = now;
        if (Table.Count != 0)
            _counters.AddAged(Table.RemoveWhere(new OlderThan(this)));
    }

    /// <summary>A frame from a station came from a VTEP.</summary>
    /// <returns>False when the station is configured to be elsewhere.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal bool TryLearn(ulong station, int remote)
    {
        ref StationTable.Slot slot = ref Table.Find(station);
        if (Unsafe.IsNullRef(ref slot))
        {
            if (_options.Learns)
                LearnNew(station, remote);
            return true;
        }

        if (slot.Place == remote)
        {
            // A line that is not written stays clean in the cache.
            if (slot.Seen != _now)
                slot.Seen = _now;
            return true;
        }

        return TryMove(ref slot, remote);
    }

    /// <summary>A frame from a station came from this side.</summary>
    /// <returns>False when the station is configured to be behind a VTEP.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal bool TryUseHere(ulong station)
    {
        ref StationTable.Slot slot = ref Table.Find(station);
        if (Unsafe.IsNullRef(ref slot))
            return true;
        if (slot.IsFixed)
            return false;
        _learned[slot.Place]--;
        Table.Remove(ref slot);
        _counters.AddMoved();
        return true;
    }

    /// <summary>Where a station is.</summary>
    /// <returns>Index of a VTEP, or −1.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal int Find(ulong station)
    {
        ref StationTable.Slot slot = ref Table.Find(station);
        return Unsafe.IsNullRef(ref slot) ? -1 : slot.Place;
    }

    /// <summary>Says for good where a station is.</summary>
    /// <returns>False when there is no place.</returns>
    internal bool TryFix(ulong station, int remote)
    {
        Forget(station);
        if (Table.IsFull)
            Evict(-1);
        return Table.TryAdd(station, remote, _now, isFixed: true);
    }

    /// <summary>Forgets a station.</summary>
    /// <returns>False when it is not known.</returns>
    internal bool Forget(ulong station)
    {
        ref StationTable.Slot slot = ref Table.Find(station);
        if (Unsafe.IsNullRef(ref slot))
            return false;
        if (!slot.IsFixed)
            _learned[slot.Place]--;
        Table.Remove(ref slot);
        return true;
    }

    /// <summary>Forgets all stations of a VTEP, static ones too.</summary>
    internal void Flush(int remote) => Table.RemoveWhere(new BehindOf(this, remote));

    /// <summary>Copies the entries.</summary>
    internal StationEntry[] List(int vni, RemoteVtep[] remotes)
    {
        List<StationEntry> entries = new(Table.Count);
        foreach (ref readonly StationTable.Slot slot in Table.Slots)
        {
            if (slot.Key != 0)
                entries.Add(new StationEntry(vni, MacAddress.FromBits(slot.Address), remotes[slot.Place].Address, slot.IsFixed, TimeSpan.FromSeconds(slot.IsFixed ? 0 : _now - slot.Seen)));
        }

        return [.. entries];
    }

    private bool TryMove(ref StationTable.Slot slot, int remote)
    {
        if (slot.IsFixed)
            return false;
        if (!_options.Learns || IsAtLimit(remote))
            return true;
        _learned[slot.Place]--;
        Count(remote)++;
        slot.Place = (ushort)remote;
        slot.Seen = _now;
        _counters.AddMoved();
        return true;
    }

    private bool IsAtLimit(int remote) => _options.MaxStationsPerRemote != 0 && Count(remote) >= _options.MaxStationsPerRemote;

    private void LearnNew(ulong station, int remote)
    {
        if (Table.IsFull && Count(remote) < _options.MaxStations / Remotes)
            Evict(remote);
        if (IsAtLimit(remote) || !Table.TryAdd(station, remote, _now, isFixed: false))
        {
            _counters.AddTableFull();
            return;
        }

        Count(remote)++;
        _counters.AddLearned();
    }

    private void Evict(int forRemote)
    {
        int greediest = 0;
        for (int i = 1; i < _learned.Length; i++)
        {
            if (_learned[i] > _learned[greediest])
                greediest = i;
        }

        if (_learned.Length == 0 || _learned[greediest] == 0 || greediest == forRemote)
            return;
        Table.RemoveOneOf(greediest);
        _learned[greediest]--;
        _counters.AddEvicted();
    }

    private ref int Count(int remote)
    {
        if (remote >= _learned.Length)
            Array.Resize(ref _learned, Math.Max(remote + 1, 2 * _learned.Length));
        return ref _learned[remote];
    }

    private readonly struct BehindOf(Stations owner, int remote) : IStationMatch
    {
        public bool Matches(in StationTable.Slot slot)
        {
            if (slot.Place != remote)
                return false;
            if (!slot.IsFixed)
                owner._learned[remote]--;
            return true;
        }
    }

    private readonly struct OlderThan(Stations owner) : IStationMatch
    {
        public bool Matches(in StationTable.Slot slot)
        {
            if (slot.IsFixed || owner._now - slot.Seen < owner._ageing)
                return false;
            owner._learned[slot.Place]--;
            return true;
        }
    }
}
