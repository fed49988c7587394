namespace Fabric.Topology;

/// <summary>What a port of a switch lets pass.</summary>
public sealed record PortModel
{
    /// <summary>A plain port.</summary>
    public static PortModel Plain { get; } = new();

    /// <summary>VLAN whose frames pass untagged, or null.</summary>
    public int? Vlan { get; init; }

    /// <summary>VLANs that pass tagged, as ranges, or null for a port that is no trunk.</summary>
    public IReadOnlyList<(int First, int Last)>? Trunk { get; init; }

    /// <summary>The one VLAN of a trunk that passes untagged, or null.</summary>
    public int? Native { get; init; }

    /// <summary>VLAN in which everything is carried (QinQ), or null.</summary>
    public int? Tunnel { get; init; }

    /// <summary>Exchanges frames only with ports that are not isolated.</summary>
    public bool IsIsolated { get; init; }

    /// <summary>Most addresses behind the port, or null for no limit.</summary>
    public int? MostAddresses { get; init; }

    /// <summary>Most bits a second that may come in, or null for no limit.</summary>
    public long? PoliceBits { get; init; }

    /// <summary>Most bits a second that may leave, or null for no limit.</summary>
    public long? ShapeBits { get; init; }

    /// <summary>Most frames a second that go to many ports, or null for no limit.</summary>
    public StormModel? Storm { get; init; }

    /// <summary>Name of the access list for what comes in, or null.</summary>
    public string? AclIn { get; init; }

    /// <summary>Name of the access list for what leaves, or null.</summary>
    public string? AclOut { get; init; }

    /// <summary>No switch is behind the port; null to find out.</summary>
    public bool? IsEdge { get; init; }

    /// <summary>Cost on the way to the root, or null for the usual.</summary>
    public int? Cost { get; init; }

    /// <summary>Shut the port when a switch turns up behind it.</summary>
    public bool BpduGuard { get; init; }

    /// <summary>Take no root from behind the port.</summary>
    public bool RootGuard { get; init; }
}
