namespace Fabric.Routing;

/// <summary>What becomes of a packet that a route matches.</summary>
public enum RouteKind : byte
{
    /// <summary>It goes on to a next hop.</summary>
    Unicast,

    /// <summary>It is dropped without a word.</summary>
    BlackHole,

    /// <summary>It is dropped, and its sender told so: host or network unreachable (RFC 1812, 5.2.7.1), no route (RFC 4443, 3.1).</summary>
    Unreachable,

    /// <summary>It is dropped, and its sender told that it is forbidden (RFC 1812, 5.2.7.1; RFC 4443, 3.1).</summary>
    Prohibited,
}
