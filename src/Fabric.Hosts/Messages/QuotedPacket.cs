using Fabric.Wire;

namespace Fabric.Hosts.Messages;

/// <summary>The beginning of a packet of ours that an ICMP error quotes.</summary>
/// <remarks>It may be cut anywhere behind the eighth transport byte (RFC 792), so it cannot be read with the views of whole packets.</remarks>
internal readonly ref struct QuotedPacket
{
    private const int TransportBytes = 8;

    private QuotedPacket(IpAddress source, IpAddress destination, IpProtocol protocol, ReadOnlySpan<byte> transport)
    {
        Source = source;
        Destination = destination;
        Protocol = protocol;
        Transport = transport;
    }

    internal IpAddress Source { get; }

    internal IpAddress Destination { get; }

    internal IpProtocol Protocol { get; }

    /// <summary>At least eight bytes.</summary>
    internal ReadOnlySpan<byte> Transport { get; }

    internal static bool TryParse(ReadOnlySpan<byte> bytes, bool v4, out QuotedPacket quoted)
    {
        quoted = default;
        int header = v4 ? Ipv4View.MinHeaderLength : Ipv6View.MinHeaderLength;
        if (bytes.Length < header + TransportBytes || bytes[0] >> 4 != (v4 ? 4 : 6))
            return false;
        if (v4)
            header = (bytes[0] & 0xF) * 4;
        if (header < Ipv4View.MinHeaderLength || bytes.Length < header + TransportBytes)
            return false;
        quoted = v4
            ? new QuotedPacket(IpAddress.ReadV4(bytes[12..]), IpAddress.ReadV4(bytes[16..]), (IpProtocol)bytes[9], bytes[header..])
            : new QuotedPacket(IpAddress.ReadV6(bytes[8..]), IpAddress.ReadV6(bytes[24..]), (IpProtocol)bytes[6], bytes[header..]);
        return true;
    }
}
