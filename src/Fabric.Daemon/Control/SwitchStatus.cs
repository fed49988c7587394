namespace Fabric.Daemon.Control;

/// <summary>A switch at one moment.</summary>
/// <param name="Name">Name in the topology.</param>
/// <param name="Mtu">Largest payload of a frame in bytes.</param>
/// <param name="Ports">Names of the ports plugged in.</param>
public sealed record SwitchStatus(string Name, int Mtu, IReadOnlyList<string> Ports)
{
    /// <summary>How each port stands; the same ports in the same order.</summary>
    public IReadOnlyList<SwitchPortStatus> PortStates { get; init; } = [];

    /// <summary>The bridge that the switch takes for the root of the spanning tree, such as 4096.52:54:00:11:22:33; null without one.</summary>
    public string? Root { get; init; }
}
