using Fabric.Wire;

namespace Fabric.Routing.Rip;

/// <summary>A way of a route: by a neighbour, or one of the router's own.</summary>
internal struct RipPath
{
    /// <summary>The next hop; unspecified for none.</summary>
    internal IpAddress Gateway;

    /// <summary>When it dies; never for the router's own.</summary>
    internal long Expires;

    /// <summary>Number of the neighbour that told of it; <see cref="RipTable.None"/> for the router's own.</summary>
    internal int Neighbor;

    /// <summary>Number of the interface.</summary>
    internal int Interface;

    /// <summary>The route's next path.</summary>
    internal int Next;
}
