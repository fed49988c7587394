using System.Net;

namespace Fabric.Topology;

/// <summary>A process at a datagram socket.</summary>
/// <param name="Name">Name in the topology, and of the port.</param>
/// <param name="To">What it is plugged into: a switch, a router's interface, or a bond.</param>
/// <param name="Local">Where the port receives.</param>
/// <param name="Peer">Where it sends, and whom alone it hears.</param>
/// <param name="Port">What passes.</param>
public sealed record DatagramModel(string Name, string To, EndPoint Local, EndPoint Peer, PortModel Port);
