using Fabric.Wire;

namespace Fabric.Routing.Rip;

/// <summary>RIP on an interface.</summary>
public sealed record RipInterfaceOptions
{
    /// <summary>True to run on the interface, false not to; null when <see cref="RipOptions.Networks"/> decides.</summary>
    public bool? Enabled { get; init; }

    /// <summary>The interface's networks are told of elsewhere, and updates are taken in; but none is sent, except to
    /// <see cref="RipOptions.Neighbors"/>.</summary>
    public bool Passive { get; init; }

    /// <summary>What the link adds to the metrics heard on it, 1 … 15.</summary>
    public byte Cost { get; init; } = 1;

    /// <summary>What is told of routes on the link they came from.</summary>
    public RipSplitHorizon SplitHorizon { get; init; }

    /// <summary>Versions sent.</summary>
    public RipVersions Send { get; init; } = RipVersions.V2;

    /// <summary>Versions taken.</summary>
    public RipVersions Receive { get; init; } = RipVersions.Both;

    /// <summary>Sends version 2 as broadcast, for routers of version 1 to read it too (RFC 2453, 5.1).</summary>
    public bool Broadcast { get; init; }

    /// <summary>The times.</summary>
    public RipTimers Timers { get; init; } = new();

    /// <summary>Keys of the link; with any, what is not authentic is refused. Not for RIPng, which leaves that to IPsec.</summary>
    public IReadOnlyList<RipKey> Keys { get; init; } = [];

    /// <summary>Distribute list: which networks are taken from neighbours; null for all.</summary>
    public Predicate<IpPrefix>? Accepts { get; init; }

    /// <summary>Distribute list: which networks are told of; null for all.</summary>
    public Predicate<IpPrefix>? Announces { get; init; }

    /// <summary>Added to metrics heard; the first that applies, before those of the whole router.</summary>
    public IReadOnlyList<RipOffset> OffsetsIn { get; init; } = [];

    /// <summary>Added to metrics told; the first that applies, before those of the whole router.</summary>
    public IReadOnlyList<RipOffset> OffsetsOut { get; init; } = [];
}
