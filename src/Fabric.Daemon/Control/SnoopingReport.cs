namespace Fabric.Daemon.Control;

/// <summary>What a switch knows of multicast groups, as <c>GET /v1/snooping</c> and <c>fabric snooping --json</c> tell it.</summary>
/// <param name="Switch">Name of the switch.</param>
/// <param name="Queriers">By VLAN, IGMP first.</param>
/// <param name="Members">By VLAN, group and port.</param>
public sealed record SnoopingReport(string Switch, IReadOnlyList<SnoopingReportQuerier> Queriers, IReadOnlyList<SnoopingReportMember> Members);
