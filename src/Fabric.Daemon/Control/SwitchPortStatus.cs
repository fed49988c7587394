namespace Fabric.Daemon.Control;

/// <summary>A port of a switch at one moment.</summary>
/// <param name="Name">Name of the port.</param>
/// <param name="State">forwarding, learning, discarding, down, or shut by a violation.</param>
/// <param name="Role">Role in the spanning tree: root, designated, alternate, backup or disabled; null without one.</param>
public sealed record SwitchPortStatus(string Name, string State, string? Role);
