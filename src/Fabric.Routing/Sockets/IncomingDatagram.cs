using Fabric.Wire;

namespace Fabric.Routing.Sockets;

/// <summary>A UDP datagram that came to a socket, or several in a row of one sender that travelled as one super-frame.</summary>
public readonly unsafe struct IncomingDatagram
{
    internal IncomingDatagram(IpAddress source, ushort sourcePort, byte* payload, int length, int segment)
    {
        Source = source;
        SourcePort = sourcePort;
        Payload = payload;
        Length = length;
        Segment = segment;
    }

    /// <summary>Its sender.</summary>
    public IpAddress Source { get; }

    /// <summary>The sender's port.</summary>
    public ushort SourcePort { get; }

    /// <summary>First byte of what follows the UDP header, in memory that nobody writes during the call.</summary>
    public byte* Payload { get; }

    /// <summary>Bytes of all payloads together.</summary>
    public int Length { get; }

    /// <summary>Bytes of each payload but the last, which may be shorter; 0 for a lone datagram.</summary>
    public int Segment { get; }
}
