using System.Numerics;
using System.Runtime.InteropServices;

namespace Fabric.Link.Bonding;

// A bond: several ports that look like one (IEEE 802.1AX-2014; once 802.3ad)
//
// What flows through. Above stands whatever takes a port, such as a switch; below are the members. A frame that comes in on a member is
// handed up as if the bond had received it. A frame that goes out goes to one member, always the same for one flow, so that frames of
// a flow stay in their order. LACPDUs and markers end here: the standard's aggregator parser and control parser.
//
//   Receive    The worker polls the bond, and the bond its members in turn, a burst at a time, each with an inner sink (MemberLink).
//              What a member that is not collecting brings in is dropped: the other side may still flood there.
//   Transmit   A hash over the frame's addresses names a bucket of flows, the bucket's place the member (FlowSpread). Each member gets
//              its part of a burst in one call, in order. A member whose link has gone loses its flows before the next burst.
//
// Which members are used. Without LACP those whose link is up, or the best one of them. With LACP both sides tell each other what they
// are (system, key, port) and what they know of the other, about once a second or twice a minute, and a link is used once each has
// read from the other's LACPDUs that it is meant and that it takes frames. That finds what a link's state cannot: a cable in the wrong
// switch, one that carries nothing, one that goes only one way.
//
//   LacpPort          one member's machines: receive, periodic transmission, mux, churn detection (6.4.12 to 6.4.17)
//   LinkAggregation   the selection logic: which members belong together (6.4.14)
//   BondPort          clock, links, frames
//
// The machines know neither frames nor clocks. A LACPDU, a link or a tenth of a second that has passed lets them run to their rest;
// then the bond reads from them which members collect and distribute, and sends the LACPDUs that they want.
//
// Threads. Transmit, LACPDUs, links and ticks take the bond's lock; members' locks come below it, the switch's above. So the bond never
// calls the sink with its lock held. A member tells of its link on any thread, perhaps inside a burst that goes through here: that is
// noted, and taken up by the next burst or by a timer that is due at once.

/// <summary>Several ports as one, with LACP or without (IEEE 802.1AX-2014, clause 6).</summary>
/// <remarks>All members are polled by the worker that polls the bond. Nothing allocates per frame.</remarks>
public sealed partial class BondPort : IPort, ILinkWatcher
{
    private static readonly TimeSpan TickPeriod = TimeSpan.FromMilliseconds(100);

    private readonly Lock _gate = new();
    private readonly TimeProvider _time;
    private readonly long _epoch;
    private readonly BondOptions _options;
    private readonly MemberLink[] _members;
    private readonly LinkAggregation? _aggregation;
    private readonly ReadySet? _ready;
    private readonly ITimer _linkTimer;
    private readonly ITimer? _tick;
    private ILinkWatcher? _watcher;
    private bool _linksPending;
    private bool _isUp;
    private bool _disposed;

    /// <summary>Makes a bond, which owns its members from now on.</summary>
    /// <param name="name">Name of the bond.</param>
    /// <param name="time">Clock for LACP.</param>
    /// <param name="members">Its members; LACP numbers them from 1.</param>
    /// <param name="options">How it works.</param>
    /// <exception cref="LinkException">An option is outside its range, or the host refuses a descriptor. The members remain the caller's.</exception>
    public BondPort(string name, TimeProvider time, IReadOnlyList<BondMember> members, BondOptions options)
    {
        options.Check(name, members);
        Name = name;
        _time = time;
        _epoch = time.GetTimestamp();
        _options = options;
        _members = [.. members.Select((member, i) => new MemberLink(this, member, i, options.Mode == BondMode.Lacp ? MakeLacp(member, i) : null))];
        if (options.Mode == BondMode.Lacp)
            _aggregation = new LinkAggregation([.. _members.Select(member => member.Lacp!)], options.MinLinks, options.MaxActive);
        if (members.Any(member => member.Port.ReadyDescriptor is not null))
            _ready = new ReadySet([.. members.Select(member => member.Port)]);
        _linkTimer = time.CreateTimer(_ => RunMachines(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        foreach (MemberLink member in _members)
            member.Port.AttachLinkWatcher(this);
        RunMachines();
        if (_aggregation is not null)
            _tick = time.CreateTimer(_ => RunMachines(), null, TickPeriod, TickPeriod);
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <summary>What all members can carry.</summary>
    public FrameOffloads Accepts
    {
        get
        {
            FrameOffloads accepts = _members[0].Port.Accepts;
            foreach (MemberLink member in _members)
                accepts &= member.Port.Accepts;
            return accepts;
        }
    }

    /// <summary>Counters of the bond: what passed between it and whatever stands above. What a member could not deliver is that
    /// member's drop.</summary>
    public PortCounters Counters { get; } = new();

    /// <summary>True while enough members distribute.</summary>
    public bool IsUp => Volatile.Read(ref _isUp);

    /// <inheritdoc/>
    public SafeHandle? ReadyDescriptor => _ready?.Descriptor;

    /// <inheritdoc/>
    public void AttachLinkWatcher(ILinkWatcher? watcher) => Volatile.Write(ref _watcher, watcher);

    /// <inheritdoc/>
    public void AttachWaker(IWaker waker)
    {
        if (_ready is not null)
            return;
        foreach (MemberLink member in _members)
            member.Port.AttachWaker(waker);
    }

    /// <inheritdoc/>
    public bool TryArm()
    {
        foreach (MemberLink member in _members)
        {
            if (!member.Port.TryArm())
                return false;
        }

        return true;
    }

    /// <summary>A member's link has changed.</summary>
    /// <param name="port">The member.</param>
    /// <param name="isUp">Its state.</param>
    void ILinkWatcher.LinkChanged(IPort port, bool isUp)
    {
        Volatile.Write(ref _linksPending, true);
        // Null while the first members are being attached.
        _linkTimer?.Change(TimeSpan.Zero, Timeout.InfiniteTimeSpan);
    }

    /// <summary>How the bond and its members stand now. Allocates.</summary>
    public BondStatus ReadStatus()
    {
        lock (_gate)
        {
            if (Volatile.Read(ref _linksPending) && !_disposed)
                RunMachinesLocked(Now());
            return new BondStatus(Name, _options, _isUp, [.. _members.Select(member => new BondMemberStatus(
                member.Port.Name,
                member.Port.IsUp,
                member.IsCollecting,
                (_distributing & (1U << member.Index)) != 0,
                member.Lacp?.ReadStatus()))]);
        }
    }

    /// <summary>Ends the bond and disposes its members.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            if (_disposed)
                return;
            _disposed = true;
            _linkTimer.Dispose();
            _tick?.Dispose();
            foreach (MemberLink member in _members)
                member.Port.AttachLinkWatcher(null);
            SetDistributingLocked(0);
        }

        _ready?.Dispose();
        foreach (MemberLink member in _members)
            member.Port.Dispose();
    }

    private Wire.LacpInformation MakeActor(BondMember member, int index) => new(
        (ushort)_options.SystemPriority,
        _options.SystemAddress,
        (ushort)_options.Key,
        (ushort)member.Priority,
        (ushort)(index + 1),
        (_options.IsActive ? Wire.LacpState.Activity : 0) | (_options.IsFast ? Wire.LacpState.ShortTimeout : 0));

    private LacpPort MakeLacp(BondMember member, int index) => new(MakeActor(member, index));

    private long Now() => _time.GetElapsedTime(_epoch).Ticks / TimeSpan.TicksPerMillisecond;

    private void RunMachines()
    {
        lock (_gate)
        {
            if (!_disposed)
                RunMachinesLocked(Now());
        }
    }

    private void RunMachinesLocked(long now)
    {
        // Full fence: a change that is told of from now on raises the flag again.
        Interlocked.Exchange(ref _linksPending, false);
        uint up = 0;
        foreach (MemberLink member in _members)
        {
            bool isUp = member.Port.IsUp;
            up |= (isUp ? 1U : 0) << member.Index;
            if (member.Lacp is { } lacp)
                lacp.PortEnabled = isUp;
        }

        if (_aggregation is not null)
            _aggregation.Run(now);
        SettleLocked(up, now);
    }

    /// <summary>Does what the machines, or the links, ask for now.</summary>
    private void SettleLocked(uint up, long now)
    {
        uint distributing = 0;
        foreach (MemberLink member in _members)
            distributing |= (member.Lacp?.IsDistributing ?? true ? up : 0) & (1U << member.Index);
        if (_options.Mode == BondMode.ActiveBackup)
            distributing = ChooseActive(up);
        bool isEnough = BitOperations.PopCount(up) >= _options.MinLinks;
        foreach (MemberLink member in _members)
            member.IsCollecting = member.Lacp?.IsCollecting ?? (isEnough && (distributing & (1U << member.Index)) != 0);
        // Collect before the other side is told, stop distributing before it is told.
        SetDistributingLocked(isEnough || _aggregation is not null ? distributing : 0);
        foreach (MemberLink member in _members)
        {
            if (member.Lacp is not null)
                SendLacpdu(member, now);
        }
    }

    // The best; the one in use where others are no better, so that nothing moves without need.
    private uint ChooseActive(uint up)
    {
        MemberLink? best = null;
        foreach (MemberLink member in _members)
        {
            uint bit = 1U << member.Index;
            if ((up & bit) != 0 && (best is null || member.Priority < best.Priority || (member.Priority == best.Priority && (_distributing & bit) != 0)))
                best = member;
        }

        return best is null ? 0 : 1U << best.Index;
    }

    private void SetDistributingLocked(uint members)
    {
        if (members != _distributing)
            _spread.SetMembers(members);
        _distributing = members;
        int least = _options.Mode == BondMode.ActiveBackup ? 1 : _options.MinLinks;
        bool isUp = BitOperations.PopCount(members) >= least;
        if (isUp == _isUp)
            return;
        Volatile.Write(ref _isUp, isUp);
        Volatile.Read(ref _watcher)?.LinkChanged(this, isUp);
    }
}
