using Fabric.Wire;

namespace Fabric.Routing.Protocols;

/// <summary>A UDP datagram that came to the router, its checksum right or absent (RFC 768). Valid during the call that hands it on.</summary>
/// <param name="interface">Number of the interface it came in on.</param>
/// <param name="source">Its sender, which is neither a group nor one of the router's own addresses.</param>
/// <param name="sourcePort">The sender's port.</param>
/// <param name="destination">An address of the router, a group that it has joined, or a broadcast.</param>
/// <param name="destinationPort">The port it came to.</param>
/// <param name="hopLimit">Time to live or hop limit as received.</param>
/// <param name="payload">What follows the UDP header.</param>
public readonly ref struct Datagram(
    int @interface, IpAddress source, ushort sourcePort, IpAddress destination, ushort destinationPort, byte hopLimit, ReadOnlySpan<byte> payload)
{
    /// <summary>In place of an interface to leave by: the routes say which.</summary>
    public const int Routed = -1;

    /// <summary>Number of the interface it came in on, or is to leave by.</summary>
    public int Interface { get; } = @interface;

    /// <summary>Its sender.</summary>
    public IpAddress Source { get; } = source;

    /// <summary>The sender's port.</summary>
    public ushort SourcePort { get; } = sourcePort;

    /// <summary>Whom it is for.</summary>
    public IpAddress Destination { get; } = destination;

    /// <summary>The port it is for.</summary>
    public ushort DestinationPort { get; } = destinationPort;

    /// <summary>Time to live or hop limit.</summary>
    public byte HopLimit { get; } = hopLimit;

    /// <summary>What follows the UDP header.</summary>
    public ReadOnlySpan<byte> Payload { get; } = payload;

    /// <summary>The Ethernet address to send it to, where its destination does not answer yet when asked for it; null to ask.</summary>
    public MacAddress? Station { get; init; }
}
