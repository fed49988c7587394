using System.Net;

namespace Fabric.Topology;

/// <summary>Where a switch looks at who joined which multicast group.</summary>
/// <param name="Vlans">VLANs, as ranges; null in a switch without VLANs.</param>
/// <param name="Querier">Address from which it asks IPv4 stations, or null not to.</param>
/// <param name="Querier6">Link-local address from which it asks IPv6 stations, or null not to.</param>
public sealed record SnoopingModel(IReadOnlyList<(int First, int Last)>? Vlans, IPAddress? Querier, IPAddress? Querier6);
