namespace Fabric.Switch.Snooping;

/// <summary>What multicast snooping has seen and done. Written under the switch's lock, read from any thread.</summary>
public sealed class SnoopingCounters
{
    private readonly long[] _faults = new long[Enum.GetValues<SnoopFault>().Length];
    private long _queries;
    private long _reports;
    private long _leaves;
    private long _hellos;
    private long _others;
    private long _queriesSent;
    private long _refused;
    private long _evicted;
    private long _sourcesRefused;

    /// <summary>Queries received.</summary>
    public long Queries => Volatile.Read(ref _queries);

    /// <summary>Reports received, of all versions.</summary>
    public long Reports => Volatile.Read(ref _reports);

    /// <summary>Leave and Done messages received.</summary>
    public long Leaves => Volatile.Read(ref _leaves);

    /// <summary>PIM hellos received.</summary>
    public long Hellos => Volatile.Read(ref _hellos);

    /// <summary>Messages of other protocols under the same numbers; they are flooded.</summary>
    public long Others => Volatile.Read(ref _others);

    /// <summary>Queries that this switch made, one a VLAN or port.</summary>
    public long QueriesSent => Volatile.Read(ref _queriesSent);

    /// <summary>Memberships not entered: the port has all it may, or the table is full and the port had its share of it.</summary>
    public long Refused => Volatile.Read(ref _refused);

    /// <summary>Memberships given up for a port with less than its share of a full table.</summary>
    public long Evicted => Volatile.Read(ref _evicted);

    /// <summary>Lists of sources too long to be kept; their groups are forwarded from all sources.</summary>
    public long SourcesRefused => Volatile.Read(ref _sourcesRefused);

    /// <summary>Messages that were not believed.</summary>
    /// <param name="fault">Why.</param>
    public long Faults(SnoopFault fault) => Volatile.Read(ref _faults[(int)fault]);

    internal void AddQuery() => Volatile.Write(ref _queries, _queries + 1);

    internal void AddReport() => Volatile.Write(ref _reports, _reports + 1);

    internal void AddLeave() => Volatile.Write(ref _leaves, _leaves + 1);

    internal void AddHello() => Volatile.Write(ref _hellos, _hellos + 1);

    internal void AddOther() => Volatile.Write(ref _others, _others + 1);

    internal void AddQuerySent() => Volatile.Write(ref _queriesSent, _queriesSent + 1);

    internal void AddRefused() => Volatile.Write(ref _refused, _refused + 1);

    internal void AddEvicted() => Volatile.Write(ref _evicted, _evicted + 1);

    internal void AddSourcesRefused() => Volatile.Write(ref _sourcesRefused, _sourcesRefused + 1);

    internal void AddFault(SnoopFault fault) => Volatile.Write(ref _faults[(int)fault], _faults[(int)fault] + 1);
}
