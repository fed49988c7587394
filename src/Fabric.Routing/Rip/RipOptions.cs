using Fabric.Routing.Rib;
using Fabric.Wire;

namespace Fabric.Routing.Rip;

/// <summary>RIP in a router.</summary>
public sealed record RipOptions
{
    /// <summary>True for RIPng (RFC 2080), which is for IPv6; false for versions 1 and 2.</summary>
    public bool IsNg { get; init; }

    /// <summary>RIP runs on every interface with an address in one of these networks.</summary>
    public IReadOnlyList<IpPrefix> Networks { get; init; } = [];

    /// <summary>What holds for interfaces without options of their own.</summary>
    public RipInterfaceOptions Interface { get; init; } = new();

    /// <summary>Options of single interfaces, by name, in place of <see cref="Interface"/>.</summary>
    public IReadOnlyDictionary<string, RipInterfaceOptions> Interfaces { get; init; } = new Dictionary<string, RipInterfaceOptions>();

    /// <summary>Neighbours that get updates to their own address, beside or instead of the group.</summary>
    public IReadOnlyList<IpAddress> Neighbors { get; init; } = [];

    /// <summary>What is told of that others know. A metric above 16 counts as 16, and of a tag its lower 16 bits are told.</summary>
    public Redistribution Redistribute { get; init; } = Redistribution.None;

    /// <summary>Metric of redistributed routes where nothing else is said, 1 … 16.</summary>
    public byte DefaultMetric { get; init; } = 1;

    /// <summary>Offers a default route; null for no.</summary>
    public RipDefaultRoute? DefaultRoute { get; init; }

    /// <summary>Administrative distance of what is learned, 1 … 255.</summary>
    public byte Distance { get; init; } = 120;

    /// <summary>Other distances for certain neighbours.</summary>
    public IReadOnlyList<RipDistance> Distances { get; init; } = [];

    /// <summary>Most next hops of a route, 1 … 16; 1 for a single way always.</summary>
    public int MaxPaths { get; init; } = Route.MaxNextHops;

    /// <summary>Most routes of the table, dead ones included, up to 1,000,000: what neighbours tell beyond is refused and counted. The
    /// router's own are always in it.</summary>
    public int RouteLimit { get; init; } = 65_536;

    /// <summary>Most neighbours of an interface, 1 … 4,096: what others tell is refused and counted.</summary>
    public int NeighborLimit { get; init; } = 256;

    /// <summary>Distribute list: which networks are taken from neighbours; null for all.</summary>
    public Predicate<IpPrefix>? Accepts { get; init; }

    /// <summary>Distribute list: which networks are told of; null for all.</summary>
    public Predicate<IpPrefix>? Announces { get; init; }

    /// <summary>Added to metrics heard; the first that applies.</summary>
    public IReadOnlyList<RipOffset> OffsetsIn { get; init; } = [];

    /// <summary>Added to metrics told; the first that applies.</summary>
    public IReadOnlyList<RipOffset> OffsetsOut { get; init; } = [];
}
