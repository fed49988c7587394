namespace Fabric.Switch.Snooping;

/// <summary>The clock and the intervals by which a membership lives, in ms.</summary>
/// <param name="Now">Since the switch began.</param>
/// <param name="Membership">Group membership interval (RFC 3376, 8.4).</param>
/// <param name="LastMember">Last member query time (RFC 3376, 8.10).</param>
/// <param name="IsAsking">This switch is the querier: it asks, and lowers timers when it does.</param>
internal readonly record struct GroupTimes(long Now, long Membership, long LastMember, bool IsAsking);
