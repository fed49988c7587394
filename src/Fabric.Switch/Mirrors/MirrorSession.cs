using Fabric.Link;
using Fabric.Switch.Vlans;

namespace Fabric.Switch.Mirrors;

/// <summary>What is copied, and where to ("SPAN"): frames of some ports, of some VLANs, or that a rule of an access list names, to a port or
/// an observer.</summary>
public sealed record MirrorSession
{
    /// <summary>Name in messages.</summary>
    public required string Name { get; init; }

    /// <summary>The ports whose frames are copied.</summary>
    public IReadOnlyList<IPort> Ports { get; init; } = [];

    /// <summary>The VLANs whose frames are copied, on whatever port they pass. Those received once their VLAN is known.</summary>
    public VlanSet? Vlans { get; init; }

    /// <summary>Which way they pass.</summary>
    public MirrorDirection Direction { get; init; } = MirrorDirection.Both;

    /// <summary>Frames to which an access list's rule that mirrors applied are copied too.</summary>
    public bool TakesRules { get; init; }

    /// <summary>The port that gets the copies. It takes no part in switching: nothing else leaves by it, and what it receives is
    /// dropped.</summary>
    public IPort? ToPort { get; init; }

    /// <summary>What gets the copies where it is no port, such as a capture into a file.</summary>
    public IFrameObserver? ToObserver { get; init; }
}
