namespace Fabric.Switch.Snooping;

/// <summary>A port and what is remembered of the hosts behind it.</summary>
internal sealed class SnoopedPort(int index, PortSnooping options)
{
    internal int Index => index;

    internal PortSnooping Options { get; set; } = options;

    /// <summary>Over all VLANs and groups, in no order; each knows its place.</summary>
    internal List<GroupMembership> Memberships { get; } = [];
}
