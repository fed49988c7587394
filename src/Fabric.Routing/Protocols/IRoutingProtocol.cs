using Fabric.Routing.Rib;

namespace Fabric.Routing.Protocols;

/// <summary>A routing protocol inside a router: RIP, and later OSPF and BGP.</summary>
/// <remarks>Every call is made under the router's control lock, in virtual time as in real time: the protocol has neither thread nor
/// clock. What it learns it puts into <see cref="IProtocolHost.Routes"/>; what others learn, and it may redistribute, it is told as
/// <see cref="IRouteWatcher"/>.</remarks>
public interface IRoutingProtocol : IRouteWatcher
{
    /// <summary>Name in messages, such as <c>rip</c>.</summary>
    string Name { get; }

    /// <summary>UDP port that it listens on; 0 for none.</summary>
    ushort Port { get; }

    /// <summary>When <see cref="Tick"/> is next wanted, in nanoseconds of the router's clock; may be early, never late.
    /// <see cref="long.MaxValue"/> for never.</summary>
    long Due { get; }

    /// <summary>Begins. Interfaces and routes that are there already are told of after this, one by one.</summary>
    /// <param name="host">The router.</param>
    void Start(IProtocolHost host);

    /// <summary>An interface is new, or has changed: up or down, its addresses.</summary>
    /// <param name="interface">How it is now.</param>
    void InterfaceChanged(RouterInterface @interface);

    /// <summary>An interface is gone.</summary>
    /// <param name="interface">How it was.</param>
    void InterfaceRemoved(RouterInterface @interface);

    /// <summary>Takes a datagram to <see cref="Port"/>.</summary>
    /// <param name="datagram">Valid during the call only.</param>
    void Accept(in Datagram datagram);

    /// <summary>Does what is due.</summary>
    void Tick();

    /// <summary>Says good-bye to the neighbours where the protocol has a word for it, and withdraws its routes.</summary>
    void Stop();
}
