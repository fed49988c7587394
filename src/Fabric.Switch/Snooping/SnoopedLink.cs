using Fabric.Wire;

namespace Fabric.Switch.Snooping;

/// <summary>A VLAN in one family.</summary>
/// <param name="Vlan">The VLAN.</param>
/// <param name="IsV4">IGMP rather than MLD.</param>
/// <param name="Querier">Who asks; null for nobody.</param>
/// <param name="IsQuerier">This switch asks.</param>
/// <param name="Routers">Numbers of the ports that lead to routers, ascending.</param>
public sealed record SnoopedLink(int Vlan, bool IsV4, IpAddress? Querier, bool IsQuerier, IReadOnlyList<int> Routers);
