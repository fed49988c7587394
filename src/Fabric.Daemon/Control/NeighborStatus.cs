namespace Fabric.Daemon.Control;

/// <summary>A station on a router's link.</summary>
/// <param name="Router">The router.</param>
/// <param name="Interface">The interface, such as <c>r1.lan</c>.</param>
/// <param name="Address">Its IPv4 or IPv6 address.</param>
/// <param name="Mac">Its Ethernet address; null while it has not answered.</param>
/// <param name="State">incomplete, reachable, stale, delay or probe (RFC 4861, 7.3.2).</param>
public sealed record NeighborStatus(string Router, string Interface, string Address, string? Mac, string State);
