using Fabric.Routing.Rib;
using Fabric.Wire;

namespace Fabric.Routing.Protocols;

/// <summary>What a routing protocol needs of the router it runs in; simulations of routers offer the same.</summary>
/// <remarks>Called by the protocol from within its own calls, under the router's control lock.</remarks>
public interface IProtocolHost
{
    /// <summary>Present time in nanoseconds of the router's clock; goes forward only.</summary>
    long Now { get; }

    /// <summary>A seeded generator of the router's own.</summary>
    Random Random { get; }

    /// <summary>The table that the protocol puts its routes into.</summary>
    RouteTable Routes { get; }

    /// <summary>The interfaces there are now.</summary>
    IReadOnlyList<RouterInterface> Interfaces { get; }

    /// <summary>Has datagrams to a group handed to whoever has bound their port.</summary>
    /// <param name="interface">Number of the interface.</param>
    /// <param name="group">A multicast address.</param>
    void Join(int @interface, IpAddress group);

    /// <summary>Sends a datagram out of its interface without asking the routes, or with <see cref="Datagram.Routed"/> where they lead.</summary>
    /// <param name="datagram">Its payload is copied; too long a one for the interface is dropped and counted, not cut.</param>
    /// <returns>False when it could not be sent: the interface is down or has none of the source's family, or there is no route.</returns>
    bool Send(in Datagram datagram);

    /// <summary>The protocol's <see cref="IRoutingProtocol.Due"/> is earlier than it was, outside a call of the router.</summary>
    void Hurry();
}
