using System.Runtime.InteropServices;
using Fabric.Switch.Multicast;
using Fabric.Wire;

namespace Fabric.Switch.Snooping;

// The groups of one VLAN and one family: who is a member, and where frames go.

/// <summary>Multicast of one family in one VLAN.</summary>
internal sealed partial class GroupDomain
{
    private readonly MulticastSnooper _owner;
    private readonly Dictionary<IpAddress, MulticastGroup> _groups = [];
    private readonly List<MulticastGroup> _ended = [];

    internal GroupDomain(MulticastSnooper owner, int vlan, bool isV4, VlanSnooping options)
    {
        _owner = owner;
        Vlan = vlan;
        IsV4 = isV4;
        Options = options;
        Robustness = options.Robustness;
        QueryInterval = options.QueryInterval;
        if (Own is not null)
            BecomeQuerier(owner.Now);
    }

    internal int Vlan { get; }

    internal bool IsV4 { get; }

    internal VlanSnooping Options { get; }

    internal IReadOnlyCollection<MulticastGroup> Groups => _groups.Values;

    internal RouterPorts Routers { get; } = new();

    private GroupTimes Times => new(
        _owner.Now, MembershipInterval, 1000L * Options.LastMemberInterval * Options.Robustness, IsQuerier);

    /// <summary>Finds where a frame to a group goes that is not for the link alone. Allocates nothing.</summary>
    internal SnoopVerdict Find(int ingress, IpAddress source, IpAddress group, out ReadOnlySpan<int> ports)
    {
        ports = default;
        if (!IsSettled)
            return SnoopVerdict.Flood;
        if (!_groups.TryGetValue(group, out MulticastGroup? found))
        {
            if (Options.Unknown == UnknownMulticast.Flood)
                return SnoopVerdict.Flood;
            ports = RouterTargets(ingress);
            return SnoopVerdict.Ports;
        }

        int count = 0;
        Span<int> targets = _owner.Targets;
        foreach (GroupMembership member in CollectionsMarshal.AsSpan(found.Members))
        {
            if (member.Port.Index != ingress && member.Wants(source))
                targets[count++] = member.Port.Index;
        }

        ports = targets[..AddRouters(targets, count, ingress)];
        return SnoopVerdict.Ports;
    }

    /// <summary>The ports that lead to routers, but for the one a frame came from.</summary>
    internal ReadOnlySpan<int> RouterTargets(int ingress)
    {
        Span<int> targets = _owner.Targets;
        return targets[..AddRouters(targets, 0, ingress)];
    }

    /// <summary>Takes in a report of one group, of a host of an older version.</summary>
    internal void Report(SnoopedPort port, IpAddress group, int version)
    {
        if (!IsTracked(group))
            return;
        if (FindOrAdmit(port, group) is { } member)
        {
            member.ReportOld(version, Times);
            Settle(member);
        }
    }

    /// <summary>Takes in a leave: RFC 3376, 7.3.2 has it as a change to no sources.</summary>
    internal void Leave(SnoopedPort port, IpAddress group)
    {
        if (Member(port, group) is { } member)
            Apply(member, GroupRecordType.ToInclude, []);
    }

    /// <summary>Takes in a record of a report.</summary>
    internal void Record(SnoopedPort port, scoped in GroupRecordView record)
    {
        if (!IsTracked(record.Group) || record.Type is < GroupRecordType.IsInclude or > GroupRecordType.Block)
            return;
        // What asks for nothing makes no membership.
        bool asks = record.Type is GroupRecordType.IsExclude or GroupRecordType.ToExclude
            || (record.Sources.Count != 0 && record.Type != GroupRecordType.Block);
        GroupMembership? member = asks ? FindOrAdmit(port, record.Group) : Member(port, record.Group);
        if (member is null)
            return;
        if (TryTakeSources(member, in record, out ReadOnlySpan<IpAddress> named))
        {
            Apply(member, record.Type, named);
            return;
        }

        _owner.Counters.AddSourcesRefused();
        if (record.Type != GroupRecordType.Block)
            member.WantAll(Times);
        Settle(member);
    }

    /// <summary>Ends a membership whatever it wants.</summary>
    internal void Remove(GroupMembership member)
    {
        member.Group.Members.Remove(member);
        _owner.Release(member);
        if (member.Group.Members.Count == 0)
            _groups.Remove(member.Group.Address);
    }

    /// <summary>A second has passed.</summary>
    internal void Tick()
    {
        long now = _owner.Now;
        Routers.Expire(now);
        TickQuerier(now);
        foreach (MulticastGroup group in _groups.Values)
        {
            if (group.NextDeadline <= now)
                TickGroup(group, now);
        }

        foreach (MulticastGroup group in _ended)
            _groups.Remove(group.Address);
        _ended.Clear();
    }

    private void TickGroup(MulticastGroup group, long now)
    {
        group.NextDeadline = long.MaxValue;
        for (int i = group.Members.Count - 1; i >= 0; i--)
        {
            GroupMembership member = group.Members[i];
            member.Expire(now);
            if (member.IsOver)
            {
                group.Members.RemoveAt(i);
                _owner.Release(member);
                continue;
            }

            SendDue(member, now);
        }

        if (group.Members.Count == 0)
            _ended.Add(group);
    }

    private void Apply(GroupMembership member, GroupRecordType type, ReadOnlySpan<IpAddress> named)
    {
        member.Apply(type, named, Times, Options.Robustness);
        Settle(member);
    }

    private void Settle(GroupMembership member)
    {
        if (member.IsOver)
            Remove(member);
        else
            SendDue(member, _owner.Now);
    }

    // Also notes when the group is to be looked at again.
    private void SendDue(GroupMembership member, long now)
    {
        long next = member.NextDeadline();
        if (member.TakeQueriesDue(now, 1000L * Options.LastMemberInterval))
        {
            Ask(member, now);
            next = member.NextDeadline();
        }

        member.Group.NextDeadline = Math.Min(member.Group.NextDeadline, next);
    }

    private bool TryTakeSources(GroupMembership member, scoped in GroupRecordView record, out ReadOnlySpan<IpAddress> named)
    {
        int limit = _owner.Options.MaxSources;
        named = default;
        if (record.Sources.Count > limit)
            return false;
        Span<IpAddress> sources = _owner.Named.AsSpan(0, record.Sources.Count);
        int known = record.Type is GroupRecordType.IsExclude or GroupRecordType.ToExclude ? 0 : member.SourceCount;
        for (int i = 0; i < sources.Length; i++)
        {
            sources[i] = record.Sources[i];
            if (known != 0 && !member.Knows(sources[i]))
                known++;
        }

        named = sources;
        return Math.Max(known, sources.Length) <= limit;
    }

    private GroupMembership? Member(SnoopedPort port, IpAddress group) =>
        _groups.TryGetValue(group, out MulticastGroup? found) ? found.Find(port) : null;

    private GroupMembership? FindOrAdmit(SnoopedPort port, IpAddress group)
    {
        if (Member(port, group) is { } member)
            return member;
        // Making room may end another group, or this one.
        if (!_owner.TryMakeRoom(port))
            return null;
        if (!_groups.TryGetValue(group, out MulticastGroup? found))
        {
            found = new MulticastGroup(this, group);
            _groups.Add(group, found);
        }

        member = new GroupMembership(found, port);
        found.Members.Add(member);
        _owner.Admit(member);
        return member;
    }

    // Groups of the link alone are flooded in any case, and so need not be remembered (RFC 4541, 2.1.2 (2) and 3).
    private bool IsTracked(IpAddress group) => group.IsV4 == IsV4 && group.IsMulticast && !MulticastSnooper.IsForLink(group);

    private int AddRouters(Span<int> targets, int count, int ingress)
    {
        foreach ((SnoopedPort port, long _) in CollectionsMarshal.AsSpan(Routers.List))
        {
            if (port.Index != ingress)
                targets[count++] = port.Index;
        }

        foreach (SnoopedPort port in _owner.StaticRouters)
        {
            if (port.Index != ingress)
                targets[count++] = port.Index;
        }

        return count;
    }
}
