namespace Fabric.Link.Bonding;

/// <summary>How a member stands.</summary>
/// <param name="Name">Name of the port.</param>
/// <param name="IsUp">Whether its link is up.</param>
/// <param name="IsCollecting">Whether frames from it are taken.</param>
/// <param name="IsDistributing">Whether frames are sent to it.</param>
/// <param name="Lacp">What LACP knows; null where the bond does not speak it.</param>
public sealed record BondMemberStatus(string Name, bool IsUp, bool IsCollecting, bool IsDistributing, LacpStatus? Lacp);
