using System.Diagnostics;
using Fabric.Wire;

namespace Fabric.Link.Bonding;

/// <summary>The ports that one bond would join, and which of them it does: the selection logic for a system with a single aggregator
/// (IEEE 802.1AX-2014, 6.4.14).</summary>
/// <remarks>Ports belong together whose partners name the same system and key; one whose partner calls it individual stands alone. Where there are several such groups, because of a cable
/// in the wrong place, the one that is in use stays while it has enough ports; otherwise the largest is taken, and of two as large the
/// one with the best port. Of a group that is too large the system with the lower identifier chooses, by its own ports'
/// priorities (6.7.1). One call at a time.</remarks>
internal sealed class LinkAggregation
{
    private readonly LacpPort[] _ports;
    private readonly int _minLinks;
    private readonly int _maxActive;

    // The group in use; none where null.
    private Group? _group;

    internal LinkAggregation(LacpPort[] ports, int minLinks, int maxActive)
    {
        _ports = ports;
        _minLinks = minLinks;
        _maxActive = maxActive;
    }

    /// <summary>Takes a LACPDU in, and runs the machines.</summary>
    internal void Receive(LacpPort port, in LacpduView pdu, long now)
    {
        LacpInformation actor = pdu.Actor;
        port.Counts.Received++;
        if (actor.System == port.Actor.System)
            port.Counts.LoopedBack++;
        // The link's coming up may not have been noticed yet.
        Run(now);
        if (!port.Receive(actor, pdu.Partner, now))
            return;
        foreach (LacpPort other in _ports)
        {
            if (other != port && other.ReceiveState == LacpReceiveState.PortDisabled && IsSamePartner(other.Partner, actor))
                other.PortMoved = true;
        }

        Run(now);
    }

    /// <summary>Runs all machines until none has a transition left.</summary>
    internal void Run(long now)
    {
        // Each event leads through a few transitions a port. Machines that never come to rest would be an error in them.
        int left = 100 * _ports.Length;
        while (StepAll(now))
            Debug.Assert(left-- > 0, "the LACP machines do not come to rest");
    }

    private static bool IsSamePartner(in LacpInformation one, in LacpInformation other) => one.SystemId == other.SystemId && one.PortId == other.PortId;

    private bool StepAll(long now)
    {
        bool moved = false;
        foreach (LacpPort port in _ports)
            moved |= port.Step(now);
        moved |= Select();
        bool ready = true;
        foreach (LacpPort port in _ports)
            ready &= !port.HoldsOthers(now);
        foreach (LacpPort port in _ports)
            moved |= port.StepMux(ready, now);
        return moved;
    }

    private bool Select()
    {
        ChooseGroup();
        bool changed = false;
        foreach (LacpPort port in _ports)
        {
            port.Exclusion = Exclude(port);
            if (port.Exclusion == LacpExclusion.None)
                port.Exclusion = ExcludeFromGroup(port);
            changed |= Apply(port, port.Exclusion);
        }

        return changed;
    }

    private LacpExclusion ExcludeFromGroup(LacpPort port)
    {
        if (_group is null)
            return LacpExclusion.TooFewLinks;
        if (!IsOf(port, _group))
            return IsIndividual(port) ? LacpExclusion.Individual : LacpExclusion.OtherPartner;
        return CountBetter(port) >= _maxActive ? LacpExclusion.Full : LacpExclusion.None;
    }

    private static bool Apply(LacpPort port, LacpExclusion exclusion)
    {
        LacpSelected wanted = exclusion switch
        {
            LacpExclusion.None => LacpSelected.Selected,
            LacpExclusion.Full => LacpSelected.Standby,
            _ => LacpSelected.Unselected,
        };
        // A port that was unselected leaves first, and only then may join again (6.4.14.1).
        if (wanted == port.Selected || (port.Selected == LacpSelected.Unselected && port.MuxState != LacpMuxState.Detached))
            return false;
        port.Selected = wanted;
        return true;
    }

    private static LacpExclusion Exclude(LacpPort port)
    {
        if (port.ReceiveState == LacpReceiveState.PortDisabled)
            return LacpExclusion.LinkDown;
        if ((port.Actor.State & LacpState.Defaulted) != 0)
            return LacpExclusion.NoPartner;
        return port.Partner.System == port.Actor.System ? LacpExclusion.Loopback : LacpExclusion.None;
    }

    private static Group GroupOf(LacpPort port) =>
        new(port.Partner.SystemId, port.Partner.Key, IsIndividual(port) ? port.Actor.Port : 0);

    private static bool IsIndividual(LacpPort port) => (port.Partner.State & LacpState.Aggregation) == 0;

    private static bool IsOf(LacpPort port, Group? group) => Exclude(port) == LacpExclusion.None && GroupOf(port) == group;

    private void ChooseGroup()
    {
        if (_group is not null && IsInUse(_group) && CountOf(_group) >= _minLinks)
            return;
        LacpPort? best = null;
        foreach (LacpPort port in _ports)
        {
            if (Exclude(port) != LacpExclusion.None)
                continue;
            int more = best is null ? 1 : CountOf(GroupOf(port)) - CountOf(GroupOf(best));
            if (more > 0 || (more == 0 && port.Actor.PortId < best!.Actor.PortId))
                best = port;
        }

        _group = best is not null && CountOf(GroupOf(best)) >= _minLinks ? GroupOf(best) : null;
    }

    private bool IsInUse(Group? group)
    {
        foreach (LacpPort port in _ports)
        {
            if (port.MuxState >= LacpMuxState.Attached && IsOf(port, group))
                return true;
        }

        return false;
    }

    private int CountOf(Group? group)
    {
        int count = 0;
        foreach (LacpPort port in _ports)
            count += IsOf(port, group) ? 1 : 0;
        return count;
    }

    private int CountBetter(LacpPort port)
    {
        int better = 0;
        foreach (LacpPort other in _ports)
            better += other != port && IsOf(other, _group) && Rank(other) < Rank(port) ? 1 : 0;
        return better;
    }

    // Two ports never have one rank: a partner that gives two ports one number is told apart by ours.
    private static ulong Rank(LacpPort port)
    {
        bool oursDecides = port.Actor.SystemId < port.Partner.SystemId;
        return ((ulong)(oursDecides ? port.Actor : port.Partner).PortId << 16) | port.Actor.Port;
    }

    /// <summary>What the partners of ports that belong together have in common.</summary>
    /// <param name="SystemId">The partner.</param>
    /// <param name="Key">Its key.</param>
    /// <param name="Individual">Number of the only port, where the partner wants it alone; 0 otherwise.</param>
    private readonly record struct Group(ulong SystemId, ushort Key, int Individual);
}
