namespace Fabric.Routing;

/// <summary>Who has told of a route. A table keeps one route from each source for a prefix.</summary>
public enum RouteSource : byte
{
    /// <summary>A network on one of the router's own interfaces.</summary>
    Connected,

    /// <summary>The operator.</summary>
    Static,

    /// <summary>RIP version 1 or 2 (RFC 2453), or RIPng (RFC 2080).</summary>
    Rip,
}
