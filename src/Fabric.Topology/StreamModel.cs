using System.Net;

namespace Fabric.Topology;

/// <summary>A process at a stream socket that is plugged into a switch or a router.</summary>
/// <param name="Name">Name in the topology, and of the port.</param>
/// <param name="To">The switch, or interface of a router.</param>
/// <param name="EndPoint">Where it is met.</param>
/// <param name="Listens">True when the port waits there for its peer, false when the peer does.</param>
/// <param name="Port">What passes.</param>
public sealed record StreamModel(string Name, string To, EndPoint EndPoint, bool Listens, PortModel Port);
