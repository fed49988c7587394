namespace Fabric.Switch.Snooping;

/// <summary>What multicast snooping knows at a time.</summary>
/// <param name="Links">By VLAN, IPv4 first.</param>
/// <param name="Groups">By VLAN, group and port.</param>
public sealed record SnoopingStatus(IReadOnlyList<SnoopedLink> Links, IReadOnlyList<GroupEntry> Groups);
