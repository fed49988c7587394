using Fabric.Wire;

namespace Fabric.Routing.Local;

/// <summary>What the pieces of one packet have in common: for IPv6 not the protocol (RFC 8200, 4.5).</summary>
internal readonly record struct FragmentKey(int Interface, IpAddress Source, IpAddress Destination, uint Identification, IpProtocol Protocol);
