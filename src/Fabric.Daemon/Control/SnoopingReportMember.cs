namespace Fabric.Daemon.Control;

/// <summary>A port whose stations joined a group.</summary>
/// <param name="Vlan">The VLAN; 0 in a switch without VLANs.</param>
/// <param name="Group">The group.</param>
/// <param name="Port">Name of the port.</param>
/// <param name="Mode"><c>exclude</c>: from all senders but those that are blocked; <c>include</c>: from those wanted alone.</param>
/// <param name="Wanted">Senders that were asked for by name.</param>
/// <param name="Blocked">Senders that are not wanted.</param>
/// <param name="SecondsLeft">Time until it ends if nobody reports.</param>
public sealed record SnoopingReportMember(int Vlan, string Group, string Port, string Mode, IReadOnlyList<string> Wanted, IReadOnlyList<string> Blocked, long SecondsLeft);
