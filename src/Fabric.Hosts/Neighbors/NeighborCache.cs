using System.Diagnostics.CodeAnalysis;
using Fabric.Link;
using Fabric.Wire;

namespace Fabric.Hosts.Neighbors;

// The neighbour cache (RFC 4861, 5.1 and 7.3; for ARP with the same states, which keeps RFC 1122's 2.3.2.1 for free)
//
//   nothing ──packet to send──▶ Incomplete: asked up to 3 times, a second apart; packets wait
//   Incomplete ──answer──▶ Reachable ──some 30 s──▶ Stale ──packet to send──▶ Delay ──5 s──▶ Probe: asked up to 3 times
//   Delay, Probe ──answer, or news from above that it is there──▶ Reachable
//   Incomplete, Probe ──no answer──▶ nothing; what waited is dropped and whoever sent it is told
//
// Bounded: 512 entries, of which the one not used for longest makes room; 64 frames wait for one neighbour (a 64 KiB packet in pieces),
// 256 for all.

/// <summary>Who is where on the link, for both families.</summary>
internal sealed class NeighborCache(HostStack stack) : Timed
{
    internal const int MaxEntries = 512;
    internal const int MaxWaiting = 64;
    internal const int MaxWaitingInAll = 256;

    private const int MaxSolicitations = 3;
    private const long RetransTimer = Nanoseconds.PerSecond;
    private const long DelayFirstProbe = 5 * Nanoseconds.PerSecond;
    private const long BaseReachableTime = 30 * Nanoseconds.PerSecond;
    private readonly Dictionary<IpAddress, Neighbor> _entries = [];
    private int _waiting;

    internal IReadOnlyList<NeighborEntry> Snapshot() => [.. _entries.Values.Select(entry => new NeighborEntry(entry.Address, entry.Mac, entry.State))];

    /// <summary>The Ethernet address of a neighbour that a packet is about to be sent to.</summary>
    /// <returns>False when it is not known yet: <see cref="Hold"/> the frame.</returns>
    internal bool TryUse(IpAddress address, out MacAddress mac)
    {
        mac = default;
        if (!_entries.TryGetValue(address, out Neighbor? entry))
            return false;
        entry.LastUse = stack.Now;
        if (entry.State == NeighborState.Incomplete)
            return false;
        if (entry.State == NeighborState.Stale)
            Enter(entry, NeighborState.Delay, DelayFirstProbe);
        mac = entry.Mac;
        return true;
    }

    /// <summary>Keeps a copy of a frame until its neighbour answers, and asks.</summary>
    internal void Hold(IpAddress address, in Frame frame)
    {
        if (!_entries.TryGetValue(address, out Neighbor? entry))
        {
            entry = Add(address);
            Solicit(entry);
        }

        if (_waiting >= MaxWaitingInAll || entry.Waiting?.Count >= MaxWaiting)
        {
            stack.Drop(HostDrop.TooManyWaiting);
            return;
        }

        (entry.Waiting ??= new Queue<StoredFrame>(1)).Enqueue(StoredFrame.Copy(in frame));
        _waiting++;
    }

    /// <summary>Somebody has told of itself without being asked by us: a request, an announcement.</summary>
    /// <param name="address">Its IP address.</param>
    /// <param name="mac">Its Ethernet address.</param>
    /// <param name="create">Make an entry when there is none.</param>
    internal void Learn(IpAddress address, MacAddress mac, bool create)
    {
        if (mac.IsGroup || mac == default)
            return;
        if (!_entries.TryGetValue(address, out Neighbor? entry))
        {
            if (!create)
                return;
            entry = Add(address);
        }

        if (entry.State != NeighborState.Incomplete && entry.Mac == mac)
            return;
        entry.Mac = mac;
        Enter(entry, NeighborState.Stale, Never);
        SendWaiting(entry);
    }

    /// <summary>The answer to a question of ours (RFC 4861, 7.2.5).</summary>
    /// <param name="address">Its IP address.</param>
    /// <param name="mac">Its Ethernet address; null when it did not say.</param>
    /// <param name="solicited">It answers a question, which proves that the way there works.</param>
    /// <param name="overrides">It replaces an address known already.</param>
    internal void Answer(IpAddress address, MacAddress? mac, bool solicited, bool overrides)
    {
        if (!_entries.TryGetValue(address, out Neighbor? entry) || mac is { IsGroup: true })
            return;
        if (entry.State == NeighborState.Incomplete && mac is null)
            return;
        bool changes = mac is not null && mac != entry.Mac;
        if (entry.State != NeighborState.Incomplete && changes && !overrides)
        {
            if (entry.State == NeighborState.Reachable)
                Enter(entry, NeighborState.Stale, Never);
            return;
        }

        entry.Mac = mac ?? entry.Mac;
        if (solicited)
            Enter(entry, NeighborState.Reachable, ReachableTime());
        else if (changes)
            Enter(entry, NeighborState.Stale, Never);
        SendWaiting(entry);
    }

    /// <summary>A protocol above has had an answer from there (RFC 4861, 7.3.1).</summary>
    internal void Confirm(IpAddress address)
    {
        if (_entries.TryGetValue(address, out Neighbor? entry) && entry.State is NeighborState.Delay or NeighborState.Probe)
            Enter(entry, NeighborState.Reachable, ReachableTime());
    }

    internal void Stop()
    {
        foreach (Neighbor entry in _entries.Values)
            DropWaiting(entry);
        _entries.Clear();
    }

    protected override void Tick()
    {
        List<Neighbor>? ended = null;
        foreach (Neighbor entry in _entries.Values)
        {
            if (entry.Until <= stack.Now && !Advance(entry))
                (ended ??= []).Add(entry);
            else
                Schedule(entry.Until);
        }

        foreach (Neighbor entry in ended ?? [])
            Remove(entry);
    }

    /// <returns>False when the entry is over.</returns>
    private bool Advance(Neighbor entry)
    {
        switch (entry.State)
        {
            case NeighborState.Reachable:
                Enter(entry, NeighborState.Stale, Never);
                return true;
            case NeighborState.Delay:
                entry.Solicitations = 0;
                entry.State = NeighborState.Probe;
                break;
            case NeighborState.Incomplete or NeighborState.Probe when entry.Solicitations >= MaxSolicitations:
                return false;
        }

        Solicit(entry);
        return true;
    }

    private void Solicit(Neighbor entry)
    {
        entry.Solicitations++;
        entry.Until = stack.Now + RetransTimer;
        Schedule(entry.Until);
        MacAddress? unicast = entry.State == NeighborState.Probe ? entry.Mac : null;
        if (entry.Address.IsV4)
            stack.Arp.Request(entry.Address, unicast);
        else
            stack.Discovery.Solicit(entry.Address, unicast);
    }

    private void Enter(Neighbor entry, NeighborState state, long duration)
    {
        entry.State = state;
        entry.Solicitations = 0;
        entry.Until = duration == Never ? Never : stack.Now + duration;
        Schedule(entry.Until);
    }

    /// <summary>Half to one and a half of the base, so that a network's hosts do not ask in step (RFC 4861, 6.3.2).</summary>
    private long ReachableTime() => (BaseReachableTime / 2) + (long)(stack.Random.NextDouble() * BaseReachableTime);

    private Neighbor Add(IpAddress address)
    {
        if (_entries.Count >= MaxEntries)
            Remove(_entries.Values.MinBy(entry => (entry.Waiting is null ? 0 : 1, entry.LastUse))!);
        Neighbor added = new(address) { LastUse = stack.Now };
        _entries.Add(address, added);
        return added;
    }

    private void Remove(Neighbor entry)
    {
        _entries.Remove(entry.Address);
        bool waited = entry.Waiting is { Count: > 0 };
        DropWaiting(entry);
        if (waited)
            stack.Pings.NeighborFailed(entry.Address);
    }

    private void SendWaiting(Neighbor entry)
    {
        while (TryTakeWaiting(entry, out StoredFrame frame))
        {
            entry.Mac.CopyTo(frame.Buffer);
            stack.Output.Transmit(frame.Buffer.AsSpan(0, frame.Length), frame.Offload);
            FrameBuffers.Return(frame.Buffer);
        }
    }

    private void DropWaiting(Neighbor entry)
    {
        while (TryTakeWaiting(entry, out StoredFrame frame))
        {
            stack.Drop(HostDrop.Unresolved);
            FrameBuffers.Return(frame.Buffer);
        }
    }

    private bool TryTakeWaiting(Neighbor entry, [MaybeNullWhen(false)] out StoredFrame frame)
    {
        frame = default;
        if (entry.Waiting is null || !entry.Waiting.TryDequeue(out frame))
            return false;
        _waiting--;
        if (entry.Waiting.Count == 0)
            entry.Waiting = null;
        return true;
    }
}
