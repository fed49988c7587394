namespace Fabric.Daemon.Control;

/// <summary>Who asks for members in a VLAN.</summary>
/// <param name="Vlan">The VLAN; 0 in a switch without VLANs.</param>
/// <param name="Protocol">igmp or mld.</param>
/// <param name="Querier">Address of who asks; null for nobody.</param>
/// <param name="IsOwn">True when it is the switch itself.</param>
/// <param name="RouterPorts">Ports that lead to routers and get all groups.</param>
public sealed record SnoopingReportQuerier(int Vlan, string Protocol, string? Querier, bool IsOwn, IReadOnlyList<string> RouterPorts);
