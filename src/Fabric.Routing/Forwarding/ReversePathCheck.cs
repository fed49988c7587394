namespace Fabric.Routing.Forwarding;

/// <summary>What a router asks of the source of a packet that comes in (RFC 3704).</summary>
public enum ReversePathCheck : byte
{
    /// <summary>Nothing but that it is possible.</summary>
    Off,

    /// <summary>There is a route to it, by whichever interface (RFC 3704, 2.4).</summary>
    Loose,

    /// <summary>The best route to it leaves by the interface it came in on (RFC 3704, 2.2); any of several equal ones does.</summary>
    Strict,
}
