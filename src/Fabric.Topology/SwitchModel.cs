using System.Net;
using System.Net.NetworkInformation;

namespace Fabric.Topology;

/// <summary>A learning switch.</summary>
/// <param name="Name">Name in the topology.</param>
/// <param name="Mtu">Largest payload of a frame in bytes; told to guests through virtio.</param>
/// <param name="Ageing">How long a learned address stays without being seen.</param>
/// <param name="Subnet">Network that every address on the switch belongs to, or null when none was declared.</param>
public sealed record SwitchModel(string Name, int Mtu, TimeSpan Ageing, IPNetwork? Subnet)
{
    /// <summary>Most addresses it learns, or null for the usual.</summary>
    public int? MaxAddresses { get; init; }

    /// <summary>Frames that are copied to a port.</summary>
    public IReadOnlyList<MirrorModel> Mirrors { get; init; } = [];

    /// <summary>How it looks at multicast, or null to flood it.</summary>
    public SnoopingModel? Snooping { get; init; }

    /// <summary>Address of the switch itself, derived from the names; null where it speaks no protocol.</summary>
    public PhysicalAddress? BridgeAddress { get; init; }

    /// <summary>The spanning tree it takes part in, or null for none.</summary>
    public SpanningTreeModel? SpanningTree { get; init; }
}
