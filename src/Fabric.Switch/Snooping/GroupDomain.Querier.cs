using Fabric.Wire;

namespace Fabric.Switch.Snooping;

// The querier of a VLAN (RFC 3376, 6.6; RFC 3810, 7.6)
//
// Somebody must ask, or memberships die out. Of all that would, the one with the lowest address does; the others listen, and take its
// place when it has been silent for the other querier present interval. This switch stands for election if it has an address for it. A
// query from 0.0.0.0 is another snooping switch's, made on behalf of no router; it elects nobody (RFC 4541, 2.1.1 (1)).
//
// Before anybody asked and hosts had the time to answer, nothing is known of who wants what, and everything is flooded.
internal sealed partial class GroupDomain
{
    private long _otherUntil;
    private long _nextQueryAt;
    private long _settledAt = long.MaxValue;
    private int _startupLeft;

    /// <summary>This switch asks.</summary>
    internal bool IsQuerier { get; private set; }

    /// <summary>Who asks; null when nobody does.</summary>
    internal IpAddress? Querier { get; private set; }

    /// <summary>The querier's robustness variable: of the one that asks, or our own.</summary>
    internal int Robustness { get; private set; }

    /// <summary>The querier's query interval in s.</summary>
    internal int QueryInterval { get; private set; }

    /// <summary>Somebody asks, and hosts have had the time to answer.</summary>
    internal bool IsSettled => _settledAt <= _owner.Now;

    /// <summary>How long a membership lasts without a report, in ms (RFC 3376, 8.4).</summary>
    internal long MembershipInterval => 1000L * ((Robustness * QueryInterval) + Options.ResponseInterval);

    private IpAddress? Own => IsV4 ? Options.QuerierV4 : Options.QuerierV6;

    // RFC 3376, 8.5.
    private long OtherQuerierInterval => (1000L * Robustness * QueryInterval) + (500L * Options.ResponseInterval);

    /// <summary>Takes in a query.</summary>
    /// <param name="port">Where it came in.</param>
    /// <param name="source">Who asks; the unspecified address for nobody.</param>
    /// <param name="query">The query.</param>
    internal void HearQuery(SnoopedPort port, IpAddress source, scoped in GroupMessageView query)
    {
        long now = _owner.Now;
        if (source.IsUnspecified)
            return;
        Elect(source, in query, now);
        Routers.Hear(port, now, now + OtherQuerierInterval);
        if (!query.Group.IsUnspecified && !query.SuppressesTimers && _groups.TryGetValue(query.Group, out MulticastGroup? group))
            Lower(group, in query, now);
    }

    /// <summary>Asks for all groups at once, after a change of the topology: hosts may be behind other ports now (RFC 4541, 2.1.1 (4)).</summary>
    internal void Requery()
    {
        if (IsQuerier)
            SendGeneral();
    }

    private void Elect(IpAddress source, scoped in GroupMessageView query, long now)
    {
        bool wins = (Own is not { } own || source.Bits < own.Bits) && (Querier is not { } present || IsQuerier || source.Bits <= present.Bits);
        if (!wins)
            return;
        Querier = source;
        IsQuerier = false;
        // RFC 3376, 4.1.6 and 4.1.7: listeners take the querier's values, where it tells.
        Robustness = query.Robustness != 0 ? query.Robustness : Options.Robustness;
        QueryInterval = query.QueryInterval != 0 ? query.QueryInterval : Options.QueryInterval;
        _otherUntil = now + OtherQuerierInterval;
        if (query.Group.IsUnspecified)
            _settledAt = Math.Min(_settledAt, now + query.MaxResponse);
    }

    private void Lower(MulticastGroup group, scoped in GroupMessageView query, long now)
    {
        long until = now + ((long)query.MaxResponse * Robustness);
        foreach (GroupMembership member in group.Members)
        {
            member.Lower(query.Sources, until);
            group.NextDeadline = Math.Min(group.NextDeadline, member.NextDeadline());
        }
    }

    private void TickQuerier(long now)
    {
        if (!IsQuerier && Querier is not null && _otherUntil <= now)
        {
            Querier = null;
            if (Own is null)
                _settledAt = long.MaxValue;
            else
                BecomeQuerier(now);
        }

        if (!IsQuerier || _nextQueryAt > now)
            return;
        SendGeneral();
        // RFC 3376, 8.6 and 8.7: the first ones come at a quarter of the interval.
        bool isStartup = _startupLeft > 1;
        _startupLeft = Math.Max(0, _startupLeft - 1);
        _nextQueryAt = now + (isStartup ? Math.Max(1000, 250L * QueryInterval) : 1000L * QueryInterval);
        _settledAt = Math.Min(_settledAt, now + (1000L * Options.ResponseInterval));
    }

    private void BecomeQuerier(long now)
    {
        IsQuerier = true;
        Querier = Own;
        Robustness = Options.Robustness;
        QueryInterval = Options.QueryInterval;
        _startupLeft = Robustness;
        _nextQueryAt = now;
    }

    private void SendGeneral() => Send(-1, IsV4 ? IpAddress.AnyV4 : IpAddress.AnyV6, [], 1000 * Options.ResponseInterval);

    // Whoever has answered meanwhile is not asked for again: its timer began anew and took the queries that were left with it.
    private void Ask(GroupMembership member, long now)
    {
        if (!IsQuerier)
            return;
        int response = 1000 * Options.LastMemberInterval;
        if (member.QueriesLeft > 0)
        {
            member.QueriesLeft--;
            Send(member.Port.Index, member.Group.Address, [], response);
        }

        Span<IpAddress> asked = _owner.Named;
        int count = member.TakeAsked(asked);
        if (count != 0 && Options.Version == 3)
            Send(member.Port.Index, member.Group.Address, asked[..count], response);
    }

    private void Send(int port, IpAddress group, ReadOnlySpan<IpAddress> sources, int response) => _owner.Send(port, Vlan, new GroupQuery
    {
        Station = _owner.Address,
        Source = Own!.Value,
        Group = group,
        Sources = sources,
        Version = Options.Version,
        MaxResponse = response,
        Robustness = Robustness,
        QueryInterval = QueryInterval,
    });
}
