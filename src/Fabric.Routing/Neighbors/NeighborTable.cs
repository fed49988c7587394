using System.Numerics;
using Fabric.Routing.Forwarding;
using Fabric.Wire;

namespace Fabric.Routing.Neighbors;

// Who lives where
//
// Entries go the way of RFC 4861, 7.3: asked for (INCOMPLETE), answered (REACHABLE), not confirmed for half a minute (STALE), used again
// (DELAY), asked once more (PROBE). A router hears no confirmation from protocols above, so an entry in use is asked about every half
// minute by a unicast.
//
// The data path reads without a lock: buckets of chains whose links are written one word at a time, entries whose Ethernet address and
// usability are one word. The one writer at a time is under the router's control lock. A reader that misses an entry that is just being
// put in takes the slow path, where it is found.
//
// Bounds: at most MaxNeighbors entries, and of those at most MaxUnanswered incomplete ones, so that who scans a large network through
// the router does not push the stations out that are there (RFC 6583). In each of the two groups the oldest goes first; one that was
// used since it was last looked at is passed over, a few times at most. Packets that wait are bounded in all and for each entry.

/// <summary>The stations on a router's links (RFC 826; RFC 4861, 7).</summary>
internal sealed class NeighborTable : Timed
{
    private const long BaseReachableTime = 30 * Nanoseconds.PerSecond;
    private const long RetransTimer = Nanoseconds.PerSecond;
    private const long DelayFirstProbe = 5 * Nanoseconds.PerSecond;
    private const int MaxSolicitations = 3;
    private const int MaxPasses = 8;
    private const ulong Multiplier = 0x9E37_79B9_7F4A_7C15;
    private readonly RouterControl _control;
    private readonly int _shift;
    private readonly PriorityQueue<Neighbor, long> _queue = new();
    private readonly LinkedList<Neighbor> _known = new();
    private readonly LinkedList<Neighbor> _unanswered = new();
    private Neighbor?[]? _buckets;
    private int _waiting;

    internal NeighborTable(RouterControl control)
    {
        _control = control;
        _shift = 64 - Math.Clamp(BitOperations.Log2((uint)control.Options.MaxNeighbors) - 1, 4, 16);
    }

    internal int Count => _known.Count + _unanswered.Count;

    /// <summary>Packets that wait.</summary>
    internal int Waiting => _waiting;

    /// <summary>Items in the queue of times, for tests of its bounds.</summary>
    internal int Queued => _queue.Count;

    /// <summary>Finds an entry. Any thread.</summary>
    internal Neighbor? Find(LogicalInterface link, IpAddress address)
    {
        Neighbor?[]? buckets = Volatile.Read(ref _buckets);
        if (buckets is null)
            return null;
        Neighbor? entry = Volatile.Read(ref buckets[Place(link.Index, address)]);
        while (entry is not null && (entry.Address != address || entry.Link != link))
            entry = entry.Next;
        return entry;
    }

    internal IReadOnlyList<NeighborEntry> Snapshot() =>
        [.. _known.Concat(_unanswered).Select(entry => new NeighborEntry(entry.Link.Index, entry.Address, entry.Mac, entry.State))];

    /// <summary>Finds where to send.</summary>
    /// <returns>False when that is not known yet.</returns>
    internal bool TryUse(LogicalInterface link, IpAddress address, out MacAddress mac)
    {
        Neighbor? entry = Find(link, address);
        mac = entry?.Mac ?? default;
        if (entry is null || entry.State == NeighborState.Incomplete)
            return false;
        Use(entry);
        return true;
    }

    /// <summary>The data path has sent to an entry that wanted to be told of.</summary>
    internal void Use(Neighbor entry)
    {
        entry.IsUsed = true;
        if (entry.State == NeighborState.Stale && !entry.IsRemoved)
            Enter(entry, NeighborState.Delay, entry.Mac, DelayFirstProbe);
    }

    /// <summary>Keeps a packet until its neighbour answers, and asks. Where the neighbour is known meanwhile, sends it.</summary>
    internal void Hold(LogicalInterface link, IpAddress address, in HeldPacket packet)
    {
        if (TryUse(link, address, out MacAddress mac))
        {
            Send(link, in packet, mac);
            return;
        }

        Neighbor entry = Find(link, address) ?? AddAndAsk(link, address);
        if (_waiting >= _control.Options.MaxWaiting || entry.Waiting?.Count >= _control.Options.MaxWaitingForOne)
        {
            _control.Output.Drop(link, packet.Frame, packet.Offload, RouterDrop.TooManyWaiting);
            return;
        }

        (entry.Waiting ??= new Queue<HeldPacket>(1)).Enqueue(packet);
        _waiting++;
    }

    /// <summary>Somebody has told of itself without being asked by us: a request, an announcement.</summary>
    /// <param name="link">Where it is.</param>
    /// <param name="address">Its IP address.</param>
    /// <param name="mac">Its Ethernet address.</param>
    /// <param name="create">Make an entry when there is none.</param>
    internal void Learn(LogicalInterface link, IpAddress address, MacAddress mac, bool create)
    {
        if (mac.IsGroup || mac == default)
            return;
        Neighbor? entry = Find(link, address);
        if (entry is null)
        {
            if (!create)
                return;
            entry = Add(link, address);
        }

        if (entry.State == NeighborState.Permanent || (entry.State != NeighborState.Incomplete && entry.Mac == mac))
            return;
        Enter(entry, NeighborState.Stale, mac, Never);
        SendWaiting(entry);
    }

    /// <summary>The answer to a question of ours (RFC 4861, 7.2.5).</summary>
    /// <param name="link">Where it came in.</param>
    /// <param name="address">Its IP address.</param>
    /// <param name="mac">Its Ethernet address; null when it did not say.</param>
    /// <param name="solicited">It answers a question, which proves that the way there works.</param>
    /// <param name="overrides">It replaces an address known already.</param>
    internal void Answer(LogicalInterface link, IpAddress address, MacAddress? mac, bool solicited, bool overrides)
    {
        Neighbor? entry = Find(link, address);
        if (entry is null || entry.State == NeighborState.Permanent || mac is { IsGroup: true } || mac == default(MacAddress))
            return;
        if (entry.State == NeighborState.Incomplete && mac is null)
            return;
        bool changes = mac is not null && mac != entry.Mac;
        if (entry.State != NeighborState.Incomplete && changes && !overrides)
        {
            if (entry.State == NeighborState.Reachable)
                Enter(entry, NeighborState.Stale, entry.Mac, Never);
            return;
        }

        if (solicited)
            Enter(entry, NeighborState.Reachable, mac ?? entry.Mac, ReachableTime());
        else if (changes)
            Enter(entry, NeighborState.Stale, mac!.Value, Never);
        SendWaiting(entry);
    }

    /// <summary>Puts in what the operator knows.</summary>
    internal void Fix(LogicalInterface link, IpAddress address, MacAddress mac)
    {
        Enter(Find(link, address) ?? Add(link, address), NeighborState.Permanent, mac, Never);
        SendWaiting(Find(link, address)!);
    }

    /// <summary>Forgets the stations of a link that is down, but not what the operator has told.</summary>
    internal void Forget(LogicalInterface link)
    {
        foreach (Neighbor entry in _known.Concat(_unanswered).Where(entry => entry.Link == link && (link.IsGone || entry.State != NeighborState.Permanent)).ToArray())
            Remove(entry, tell: false);
    }

    protected override void Tick()
    {
        while (_queue.TryPeek(out Neighbor? entry, out long at) && at <= _control.Now)
        {
            _queue.Dequeue();
            if (entry.IsRemoved || at != entry.QueuedFor)
                continue;
            entry.QueuedFor = Never;
            if (entry.Until <= _control.Now)
                Advance(entry);
            else
                Plan(entry);
        }

        if (_queue.TryPeek(out _, out long next))
            Schedule(next);
    }

    private void Advance(Neighbor entry)
    {
        switch (entry.State)
        {
            case NeighborState.Reachable:
                Enter(entry, NeighborState.Stale, entry.Mac, Never);
                return;
            case NeighborState.Delay:
                entry.Solicitations = 0;
                entry.Become(NeighborState.Probe, entry.Mac);
                break;
            case NeighborState.Incomplete or NeighborState.Probe when entry.Solicitations >= MaxSolicitations:
                Remove(entry, tell: true);
                return;
        }

        Solicit(entry);
    }

    private void Solicit(Neighbor entry)
    {
        entry.Solicitations++;
        entry.Until = _control.Now + RetransTimer;
        Plan(entry);
        MacAddress? unicast = entry.State == NeighborState.Probe ? entry.Mac : null;
        if (entry.Address.IsV4)
            _control.Arp.Request(entry.Link, entry.Address, unicast);
        else
            _control.Discovery.Solicit(entry.Link, entry.Address, unicast);
    }

    private void Enter(Neighbor entry, NeighborState state, MacAddress mac, long duration)
    {
        bool answers = entry.State == NeighborState.Incomplete && state != NeighborState.Incomplete;
        entry.Become(state, mac);
        entry.Solicitations = 0;
        entry.Until = duration == Never ? Never : _control.Now + duration;
        Plan(entry);
        if (!answers)
            return;
        _unanswered.Remove(entry.Turn!);
        if (Count >= _control.Options.MaxNeighbors)
            RemoveOldest(_known);
        entry.Turn = _known.AddLast(entry);
    }

    private void Plan(Neighbor entry)
    {
        if (entry.Until >= entry.QueuedFor)
            return;
        entry.QueuedFor = entry.Until;
        _queue.Enqueue(entry, entry.Until);
        Schedule(entry.Until);
    }

    /// <summary>Half to one and a half of the base, so that a network's stations do not ask in step (RFC 4861, 6.3.2).</summary>
    private long ReachableTime() => (BaseReachableTime / 2) + (long)(_control.Random.NextDouble() * BaseReachableTime);

    private Neighbor AddAndAsk(LogicalInterface link, IpAddress address)
    {
        Neighbor entry = Add(link, address);
        Solicit(entry);
        return entry;
    }

    private Neighbor Add(LogicalInterface link, IpAddress address)
    {
        if (_unanswered.Count > 0 && (_unanswered.Count >= _control.Options.MaxUnanswered || Count >= _control.Options.MaxNeighbors))
            RemoveOldest(_unanswered);
        else if (Count >= _control.Options.MaxNeighbors)
            RemoveOldest(_known);
        Neighbor added = new(link, address);
        added.Turn = _unanswered.AddLast(added);
        Neighbor?[] buckets = _buckets ?? new Neighbor?[1 << (64 - _shift)];
        int place = Place(link.Index, address);
        added.Next = buckets[place];
        Volatile.Write(ref buckets[place], added);
        Volatile.Write(ref _buckets, buckets);
        return added;
    }

    private void RemoveOldest(LinkedList<Neighbor> group)
    {
        for (int passes = 0; passes < MaxPasses && group.First is { } first && (first.Value.IsUsed || first.Value.State == NeighborState.Permanent); passes++)
        {
            first.Value.IsUsed = false;
            group.RemoveFirst();
            group.AddLast(first);
        }

        if (group.First is { } oldest)
            Remove(oldest.Value, tell: false);
    }

    private void Remove(Neighbor entry, bool tell)
    {
        entry.IsRemoved = true;
        entry.Turn!.List!.Remove(entry.Turn);
        int place = Place(entry.Link.Index, entry.Address);
        Neighbor? before = _buckets![place];
        if (before == entry)
        {
            Volatile.Write(ref _buckets[place], entry.Next);
        }
        else
        {
            while (before!.Next != entry)
                before = before.Next;
            before.Next = entry.Next;
        }

        while (TryTakeWaiting(entry, out HeldPacket packet))
        {
            _control.Output.Drop(entry.Link, packet.Frame, packet.Offload, RouterDrop.Unresolved);
            if (tell && packet.IsForwarded)
                _control.Errors.NeighborFailed(packet.Frame, entry.Link.HeaderLength);
        }
    }

    private void SendWaiting(Neighbor entry)
    {
        while (TryTakeWaiting(entry, out HeldPacket packet))
            Send(entry.Link, in packet, entry.Mac);
    }

    private void Send(LogicalInterface link, in HeldPacket packet, MacAddress mac)
    {
        mac.CopyTo(packet.Frame);
        _control.Output.Transmit(link, packet.Frame, packet.Offload, packet.IsForwarded);
    }

    private bool TryTakeWaiting(Neighbor entry, out HeldPacket packet)
    {
        packet = default;
        if (entry.Waiting is null || !entry.Waiting.TryDequeue(out packet))
            return false;
        _waiting--;
        if (entry.Waiting.Count == 0)
            entry.Waiting = null;
        return true;
    }

    private int Place(int link, IpAddress address)
    {
        UInt128 bits = address.Bits;
        return (int)((((ulong)bits ^ (ulong)(bits >> 64) ^ ((ulong)(uint)link << 40)) * Multiplier) >> _shift);
    }
}
