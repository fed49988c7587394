namespace Fabric.Daemon.Control;

/// <summary>One way of a route.</summary>
/// <param name="Interface">Interface that packets leave by, such as <c>r1.lan</c>; <c>lo</c> for the router itself.</param>
/// <param name="Gateway">The next router; null when the destination is on the link.</param>
public sealed record NextHopStatus(string Interface, string? Gateway);
