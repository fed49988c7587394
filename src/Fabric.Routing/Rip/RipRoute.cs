using Fabric.Wire;

namespace Fabric.Routing.Rip;

/// <summary>A route in <see cref="RipTable"/>.</summary>
internal struct RipRoute
{
    /// <summary>The network.</summary>
    internal IpAddress Address;

    /// <summary>When a dead one (metric 16) is forgotten; of live ones the paths know. In a free place the next free one.</summary>
    internal long Forget;

    /// <summary>The first of its paths, which all have the same metric.</summary>
    internal int FirstPath;

    /// <summary>Carried along.</summary>
    internal ushort Tag;

    /// <summary>Bits of the prefix.</summary>
    internal byte Length;

    /// <summary>1 … 16; 0 in a free place.</summary>
    internal byte Metric;

    /// <summary>Whose it is.</summary>
    internal RipOrigin Origin;

    /// <summary>Of an own one: the administrative distance that neighbours' must beat.</summary>
    internal byte Distance;

    /// <summary>The next triggered update tells of it.</summary>
    internal bool IsChanged;

    internal readonly bool IsUsed => Metric != 0;

    internal readonly bool IsDead => Metric == RipView.Infinity;

    internal readonly bool IsOwn => Origin != RipOrigin.Learned;

    internal readonly IpPrefix Prefix => new(Address, Length);
}
