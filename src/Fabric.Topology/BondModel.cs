using System.Net.NetworkInformation;

namespace Fabric.Topology;

/// <summary>Several ports that are one (IEEE 802.1AX).</summary>
public sealed record BondModel
{
    /// <summary>Name in the topology, and of the port.</summary>
    public required string Name { get; init; }

    /// <summary>What it is plugged into: a switch, or a router's interface.</summary>
    public required string To { get; init; }

    /// <summary>Names of the taps, interfaces, streams and datagrams that are plugged into it.</summary>
    public required IReadOnlyList<string> Members { get; init; }

    /// <summary>Ethernet address of this side, derived from the names.</summary>
    public required PhysicalAddress Mac { get; init; }

    /// <summary>lacp, static or backup.</summary>
    public string Mode { get; init; } = "lacp";

    /// <summary>What makes a flow: layer2, layer2+3 or layer3+4.</summary>
    public string Hash { get; init; } = "layer3+4";

    /// <summary>LACP: speak first.</summary>
    public bool IsActive { get; init; } = true;

    /// <summary>LACP: ask the other side to speak each second.</summary>
    public bool IsFast { get; init; }

    /// <summary>LACP: priority of this side.</summary>
    public int Priority { get; init; } = 32768;

    /// <summary>Fewest usable members with which it is up.</summary>
    public int MinLinks { get; init; } = 1;

    /// <summary>LACP: most members used at a time.</summary>
    public int MaxActive { get; init; } = 8;

    /// <summary>What passes.</summary>
    public PortModel Port { get; init; } = PortModel.Plain;
}
