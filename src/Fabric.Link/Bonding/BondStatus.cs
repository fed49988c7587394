namespace Fabric.Link.Bonding;

/// <summary>How a bond stands.</summary>
/// <param name="Name">Name of the bond.</param>
/// <param name="Options">How it works.</param>
/// <param name="IsUp">Whether frames can pass.</param>
/// <param name="Members">Its members, in order.</param>
public sealed record BondStatus(string Name, BondOptions Options, bool IsUp, IReadOnlyList<BondMemberStatus> Members);
