namespace Fabric.Daemon.Control;

/// <summary>A switch at one moment.</summary>
/// <param name="Name">Name in the topology.</param>
/// <param name="Mtu">Largest payload of a frame in bytes.</param>
/// <param name="Ports">Names of the ports plugged in.</param>
public sealed record SwitchStatus(string Name, int Mtu, IReadOnlyList<string> Ports);
