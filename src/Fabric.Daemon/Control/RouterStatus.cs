namespace Fabric.Daemon.Control;

/// <summary>A router at one moment.</summary>
/// <param name="Name">Name in the topology.</param>
/// <param name="Interfaces">Its interfaces in the file's order, without the loopback.</param>
/// <param name="Loopback">Addresses of the router itself, with their prefix lengths.</param>
/// <param name="Routes">Prefixes that it has a route for.</param>
public sealed record RouterStatus(string Name, IReadOnlyList<RouterPortStatus> Interfaces, IReadOnlyList<string> Loopback, int Routes);
