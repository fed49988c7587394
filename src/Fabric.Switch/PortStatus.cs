using Fabric.Link;

namespace Fabric.Switch;

/// <summary>What stands about a port of a switch.</summary>
public sealed record PortStatus
{
    /// <summary>Its number, by which protocols know it.</summary>
    public required int Number { get; init; }

    /// <summary>What it may do.</summary>
    public required PortOptions Options { get; init; }

    /// <summary>What a spanning tree lets it do.</summary>
    public required PortState State { get; init; }

    /// <summary>True when a violation has shut it.</summary>
    public required bool IsShut { get; init; }

    /// <summary>Addresses that lead to it.</summary>
    public required int Addresses { get; init; }

    /// <summary>Frames dropped because of their source.</summary>
    public required long Violations { get; init; }

    /// <summary>Frames that came in here and that the switch dropped, by reason; those that did not occur are left out.</summary>
    public required IReadOnlyDictionary<DropReason, long> Drops { get; init; }
}
