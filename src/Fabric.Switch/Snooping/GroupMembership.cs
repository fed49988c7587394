using Fabric.Wire;

namespace Fabric.Switch.Snooping;

// What a router keeps of a group on an interface (RFC 3376, 6), kept for a port
//
// The hosts behind a port together want either some sources (INCLUDE) or all but some (EXCLUDE). Each source has a timer:
//
//   INCLUDE(A)     A: the sources whose timers run; only they are forwarded. The last one to end ends the membership.
//   EXCLUDE(X, Y)  Y: sources without a timer; all others are forwarded. X: sources that somebody asked for by name; should the group's
//                  own timer end, the mode becomes INCLUDE(X).
//
// Reports change this by the tables of 6.4.1 and 6.4.2; the cases below are their rows. Where a row says "send a query", hosts are asked
// whether somebody else still wants what one no longer does, and timers are lowered to the time they have to answer. That is the
// querier's to do; when another is querier its queries lower the timers instead (6.6.1).
//
// A host of an older version knows no sources, and while there is one, nobody's exclusions count (7.3.2). IGMPv1 hosts do not leave.

/// <summary>A port's membership of a group.</summary>
internal sealed class GroupMembership(MulticastGroup group, SnoopedPort port)
{
    private SourceTimer[] _sources = [];
    private long _nextQueryAt;
    private long _hostV1Until;
    private long _hostV2Until;

    internal MulticastGroup Group => group;

    internal SnoopedPort Port => port;

    /// <summary>Place in the port's list.</summary>
    internal int Place { get; set; }

    /// <summary>All sources but some, rather than some.</summary>
    internal bool IsExclude { get; private set; }

    /// <summary>End of EXCLUDE mode, in ms.</summary>
    internal long Until { get; private set; }

    /// <summary>Nothing is wanted any more.</summary>
    internal bool IsOver => !IsExclude && SourceCount == 0;

    internal int SourceCount { get; private set; }

    internal ReadOnlySpan<SourceTimer> Sources => _sources.AsSpan(0, SourceCount);

    /// <summary>How often the group is still to be asked for.</summary>
    internal int QueriesLeft { get; set; }

    /// <summary>Some query is still to be sent, at <see cref="NextDeadline"/> or before.</summary>
    internal bool IsAsking { get; private set; }

    /// <summary>Tells whether frames of a source are wanted.</summary>
    internal bool Wants(IpAddress source)
    {
        if (SourceCount == 0)
            return IsExclude;
        int i = IndexOf(source);
        return i < 0 ? IsExclude : _sources[i].Until != 0;
    }

    /// <summary>Tells whether a source has been named.</summary>
    internal bool Knows(IpAddress source) => IndexOf(source) >= 0;

    /// <summary>A host of version 1 or 2 reported: it wants all sources.</summary>
    internal void ReportOld(int version, in GroupTimes times)
    {
        if (version == 1)
            _hostV1Until = times.Now + times.Membership;
        else
            _hostV2Until = times.Now + times.Membership;
        Exclude([], isChange: false, in times, 0);
    }

    /// <summary>Takes in a record of a report, or a leave as a change to no sources.</summary>
    /// <param name="type">What it says.</param>
    /// <param name="named">The sources.</param>
    /// <param name="times">Clock and intervals.</param>
    /// <param name="queries">How often to ask.</param>
    internal void Apply(GroupRecordType type, ReadOnlySpan<IpAddress> named, in GroupTimes times, int queries)
    {
        bool hasV1 = _hostV1Until > times.Now;
        bool hasOld = hasV1 || _hostV2Until > times.Now;
        queries = times.IsAsking ? queries : 0;
        switch (type)
        {
            case GroupRecordType.IsInclude or GroupRecordType.Allow:
                Want(named, in times);
                break;
            case GroupRecordType.Block when !hasOld:
                Block(named, in times, queries);
                break;
            case GroupRecordType.ToInclude when hasV1:
                Want(named, in times);
                break;
            case GroupRecordType.ToInclude:
                ToInclude(named, in times, queries);
                break;
            case GroupRecordType.IsExclude or GroupRecordType.ToExclude:
                Exclude(hasOld ? [] : named, type == GroupRecordType.ToExclude, in times, queries);
                break;
            default:
                break;
        }
    }

    /// <summary>Gives up on sources: all of them are wanted.</summary>
    internal void WantAll(in GroupTimes times) => Exclude([], isChange: false, in times, 0);

    /// <summary>Another querier asks for the group, or for sources of it: without an answer by then, nobody wants them.</summary>
    internal void Lower(GroupSources asked, long until)
    {
        if (asked.Count == 0)
        {
            Until = Math.Min(Until, until);
            return;
        }

        for (int i = 0; i < asked.Count; i++)
        {
            int at = IndexOf(asked[i]);
            if (at >= 0 && _sources[at].Until != 0)
                _sources[at].Until = Math.Min(_sources[at].Until, until);
        }
    }

    /// <summary>Lets timers end that have (6.2.2, 6.2.3, 6.5).</summary>
    internal void Expire(long now)
    {
        bool leaves = IsExclude && Until <= now;
        int kept = 0;
        for (int i = 0; i < SourceCount; i++)
        {
            SourceTimer source = _sources[i];
            if (source.Until <= now)
            {
                if (!IsExclude || leaves)
                    continue;
                source.Until = 0;
                source.QueriesLeft = 0;
            }

            _sources[kept++] = source;
        }

        SourceCount = kept;
        if (leaves)
            IsExclude = false;
    }

    /// <summary>When something is next to be done, in ms.</summary>
    internal long NextDeadline()
    {
        long next = IsExclude ? Until : long.MaxValue;
        IsAsking = QueriesLeft > 0;
        foreach (ref readonly SourceTimer source in Sources)
        {
            if (source.Until != 0)
                next = Math.Min(next, source.Until);
            IsAsking |= source.QueriesLeft > 0;
        }

        return IsAsking ? Math.Min(next, _nextQueryAt) : next;
    }

    /// <summary>Tells whether queries are due, and takes note that they are sent.</summary>
    internal bool TakeQueriesDue(long now, long interval)
    {
        if (!IsAsking || _nextQueryAt > now)
            return false;
        _nextQueryAt = now + interval;
        return true;
    }

    /// <summary>Takes the sources that are to be asked for now.</summary>
    /// <param name="into">Filled from its start.</param>
    internal int TakeAsked(Span<IpAddress> into)
    {
        int count = 0;
        foreach (ref SourceTimer source in _sources.AsSpan(0, SourceCount))
        {
            if (source.QueriesLeft <= 0)
                continue;
            source.QueriesLeft--;
            into[count++] = source.Address;
        }

        return count;
    }

    // INCLUDE(A) -> INCLUDE(A+B), EXCLUDE(X,Y) -> EXCLUDE(X+A,Y-A); the timers of those named begin anew.
    private void Want(ReadOnlySpan<IpAddress> named, in GroupTimes times)
    {
        foreach (IpAddress source in named)
            Set(source, times.Now + times.Membership);
    }

    // INCLUDE(A): ask for A*B. EXCLUDE(X,Y) -> EXCLUDE(X+(A-Y),Y), new ones with the group's timer, and ask for A-Y.
    private void Block(ReadOnlySpan<IpAddress> named, in GroupTimes times, int queries)
    {
        foreach (IpAddress source in named)
        {
            int i = IndexOf(source);
            if (i < 0 && IsExclude)
                i = Set(source, Until);
            if (i < 0 || _sources[i].Until == 0)
                continue;
            if (!port.Options.FastLeave)
                Ask(i, in times, queries);
            else if (IsExclude)
                _sources[i].Until = 0;
            else
                RemoveAt(i);
        }
    }

    // INCLUDE(A) -> INCLUDE(A+B), ask for A-B. EXCLUDE(X,Y) -> EXCLUDE(X+A,Y-A), ask for X-A and for the group.
    private void ToInclude(ReadOnlySpan<IpAddress> named, in GroupTimes times, int queries)
    {
        if (port.Options.FastLeave)
        {
            SourceCount = 0;
            IsExclude = false;
            QueriesLeft = 0;
            Want(named, in times);
            return;
        }

        AskAllBut(named, in times, queries);
        Want(named, in times);
        if (!IsExclude || queries == 0)
            return;
        Until = Math.Min(Until, times.Now + times.LastMember);
        QueriesLeft = queries;
        _nextQueryAt = times.Now;
    }

    // INCLUDE(A) -> EXCLUDE(A*B,B-A). EXCLUDE(X,Y) -> EXCLUDE(A-Y,Y*A). What was neither in X nor in Y is blocked or, in EXCLUDE mode, on
    // its way to be. A change asks for what is in X now.
    private void Exclude(ReadOnlySpan<IpAddress> named, bool isChange, in GroupTimes times, int queries)
    {
        int kept = 0;
        for (int i = 0; i < SourceCount; i++)
        {
            if (named.Contains(_sources[i].Address))
                _sources[kept++] = _sources[i];
        }

        SourceCount = kept;
        bool isQuick = isChange && port.Options.FastLeave;
        long until = !IsExclude || isQuick ? 0 : isChange ? Until : times.Now + times.Membership;
        foreach (IpAddress source in named)
        {
            int i = IndexOf(source);
            if (i < 0)
                i = Set(source, until);
            if (isQuick)
                _sources[i].Until = 0;
            else if (isChange && _sources[i].Until != 0)
                Ask(i, in times, queries);
        }

        IsExclude = true;
        Until = times.Now + times.Membership;
        QueriesLeft = 0;
    }

    private void AskAllBut(ReadOnlySpan<IpAddress> named, in GroupTimes times, int queries)
    {
        for (int i = 0; i < SourceCount; i++)
        {
            if (_sources[i].Until != 0 && !named.Contains(_sources[i].Address))
                Ask(i, in times, queries);
        }
    }

    private void Ask(int i, in GroupTimes times, int queries)
    {
        if (queries == 0)
            return;
        _sources[i].Until = Math.Min(_sources[i].Until, times.Now + times.LastMember);
        _sources[i].QueriesLeft = queries;
        _nextQueryAt = times.Now;
    }

    private int IndexOf(IpAddress source)
    {
        for (int i = 0; i < SourceCount; i++)
        {
            if (_sources[i].Address == source)
                return i;
        }

        return -1;
    }

    private int Set(IpAddress source, long until)
    {
        int i = IndexOf(source);
        if (i < 0)
        {
            if (SourceCount == _sources.Length)
                Array.Resize(ref _sources, Math.Max(4, 2 * _sources.Length));
            i = SourceCount++;
        }

        _sources[i] = new SourceTimer { Address = source, Until = until };
        return i;
    }

    private void RemoveAt(int i)
    {
        _sources[i] = _sources[--SourceCount];
    }
}
