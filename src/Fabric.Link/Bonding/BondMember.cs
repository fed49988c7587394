namespace Fabric.Link.Bonding;

/// <summary>A port that becomes part of a bond.</summary>
/// <param name="Port">Polled by no worker and attached to no switch; the bond owns it from then on.</param>
/// <param name="Priority">Its priority, 0 … 65535; lower is better. Decides which members are used where not all can be.</param>
public sealed record BondMember(IPort Port, int Priority = 32768);
