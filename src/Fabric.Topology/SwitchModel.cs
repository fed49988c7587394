using System.Net;

namespace Fabric.Topology;

/// <summary>A learning switch.</summary>
/// <param name="Name">Name in the topology.</param>
/// <param name="Mtu">Largest payload of a frame in bytes; told to guests through virtio.</param>
/// <param name="Ageing">How long a learned address stays without being seen.</param>
/// <param name="Subnet">Network that every address on the switch belongs to, or null when none was declared.</param>
public sealed record SwitchModel(string Name, int Mtu, TimeSpan Ageing, IPNetwork? Subnet);
