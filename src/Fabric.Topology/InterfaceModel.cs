namespace Fabric.Topology;

/// <summary>An interface that this machine has already, and that is taken as it is.</summary>
/// <param name="Name">Name in the topology, and of the port.</param>
/// <param name="To">What it is plugged into: a switch, a router's interface, or a bond.</param>
/// <param name="Interface">Name of the host's interface.</param>
/// <param name="Namespace">Network namespace it is in, or null for the daemon's.</param>
/// <param name="Offloads">Whether super-frames and partial checksums may leave by it.</param>
/// <param name="Port">What passes.</param>
public sealed record InterfaceModel(string Name, string To, string Interface, string? Namespace, bool Offloads, PortModel Port);
