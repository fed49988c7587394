namespace Fabric.Daemon.Control;

/// <summary>An address that a switch knows.</summary>
/// <param name="Switch">The switch.</param>
/// <param name="Vlan">VLAN of the address; 0 in a switch without VLANs.</param>
/// <param name="Mac">Ethernet address, <c>52:54:00:12:34:56</c>.</param>
/// <param name="Port">Port that leads to it.</param>
/// <param name="AgeSeconds">Seconds since the last frame from it; 0 for one that does not age.</param>
/// <param name="Static">True for an entry that an operator or port security made: it neither ages nor moves.</param>
public sealed record FdbStatus(string Switch, int Vlan, string Mac, string Port, long AgeSeconds, bool Static);
