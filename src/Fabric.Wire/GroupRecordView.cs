namespace Fabric.Wire;

/// <summary>A record of an IGMPv3 or MLDv2 report (RFC 3376, 4.2.4; RFC 3810, 5.2.4).</summary>
public readonly ref struct GroupRecordView
{
    internal GroupRecordView(GroupRecordType type, IpAddress group, GroupSources sources)
    {
        Type = type;
        Group = group;
        Sources = sources;
    }

    /// <summary>What it says; may be none of the known ones, and then means nothing.</summary>
    public GroupRecordType Type { get; }

    /// <summary>The group; not checked to be one.</summary>
    public IpAddress Group { get; }

    /// <summary>The sources.</summary>
    public GroupSources Sources { get; }
}
