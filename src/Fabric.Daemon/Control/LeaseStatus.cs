namespace Fabric.Daemon.Control;

/// <summary>An address that a router has given out by DHCP.</summary>
/// <param name="Router">The router.</param>
/// <param name="Address">The address.</param>
/// <param name="Mac">The client's Ethernet address.</param>
/// <param name="HostName">The name that the client gives itself; null without one.</param>
/// <param name="State">offered, bound, or declined: found in use by another.</param>
/// <param name="RemainingSeconds">Seconds until the state ends by itself.</param>
public sealed record LeaseStatus(string Router, string Address, string Mac, string? HostName, string State, double RemainingSeconds);
