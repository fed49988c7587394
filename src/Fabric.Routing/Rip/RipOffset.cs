using Fabric.Wire;

namespace Fabric.Routing.Rip;

/// <summary>An amount that is added to the metric of certain routes.</summary>
/// <param name="Applies">Tells the networks it is for; null for all.</param>
/// <param name="Amount">0 … 16. The sum stops at 16.</param>
public sealed record RipOffset(Predicate<IpPrefix>? Applies, byte Amount);
