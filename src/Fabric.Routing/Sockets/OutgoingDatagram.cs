using Fabric.Link;
using Fabric.Wire;

namespace Fabric.Routing.Sockets;

/// <summary>A UDP datagram that is to leave by a router.</summary>
/// <param name="Destination">One station, of the family of the socket's address.</param>
/// <param name="Port">UDP port there.</param>
/// <param name="SourcePort">Port it is to come from; need not be the one the socket takes.</param>
/// <param name="Payload">What follows the UDP header, in one piece or several; its offload is none. Valid during the call only.</param>
public readonly record struct OutgoingDatagram(IpAddress Destination, ushort Port, ushort SourcePort, Frame Payload);
