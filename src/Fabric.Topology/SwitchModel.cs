namespace Fabric.Topology;

/// <summary>A learning switch.</summary>
/// <param name="Name">Name in the topology.</param>
/// <param name="Mtu">Largest payload of a frame in bytes; told to guests through virtio.</param>
/// <param name="Ageing">How long a learned address stays without being seen.</param>
public sealed record SwitchModel(string Name, int Mtu, TimeSpan Ageing);
