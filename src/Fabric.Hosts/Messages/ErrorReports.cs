using Fabric.Hosts.Internet;
using Fabric.Wire;

namespace Fabric.Hosts.Messages;

/// <summary>Tells senders that their packets went no further (RFC 792; RFC 4443, 3).</summary>
/// <remarks>Never about an error, a group destination, or a source that is not one host (RFC 1122, 3.2.2; RFC 4443, 2.4 (e)), and not more
/// often than a token bucket lets through (RFC 4443, 2.4 (f)).</remarks>
internal sealed class ErrorReports(HostStack stack)
{
    private const int PerSecond = 100;
    private const int Burst = 50;

    /// <summary>An error with what it quotes takes at most so many bytes (RFC 1812, 4.3.2.3; RFC 4443, 2.4 (c)).</summary>
    private const int MaxV4 = 576;
    private const int MaxV6 = 1280;
    private const byte ProtocolUnreachable = 2;
    private const byte PortUnreachableV4 = 3;
    private const byte PortUnreachableV6 = 4;
    private const byte ReassemblyCode = 1;
    private const byte UnrecognizedNextHeader = 1;
    private const uint NextHeaderPosition = 6;
    private double _tokens = Burst;
    private long _filled;

    /// <summary>Nobody listens at the UDP port.</summary>
    internal void PortUnreachable(in Packet packet) => Send(
        in packet, (byte)IcmpType.DestinationUnreachable, PortUnreachableV4, (byte)Icmpv6Type.DestinationUnreachable, PortUnreachableV6, 0);

    /// <summary>The protocol is not spoken here.</summary>
    internal void UnknownProtocol(in Packet packet)
    {
        if (packet.Protocol != IpProtocol.NoNextHeader)
            Send(in packet, (byte)IcmpType.DestinationUnreachable, ProtocolUnreachable, (byte)Icmpv6Type.ParameterProblem, UnrecognizedNextHeader, NextHeaderPosition);
    }

    /// <summary>Some pieces of the packet did not arrive.</summary>
    internal void ReassemblyTimeExceeded(in Packet packet) => Send(
        in packet, (byte)IcmpType.TimeExceeded, ReassemblyCode, (byte)Icmpv6Type.TimeExceeded, ReassemblyCode, 0);

    private void Send(in Packet packet, byte type, byte code, byte typeV6, byte codeV6, uint wordV6)
    {
        bool v4 = packet.Source.IsV4;
        if (packet.IsGroup || packet.Source.IsUnspecified || IsError(in packet))
            return;
        if (!TryTake())
        {
            stack.Drop(HostDrop.RateLimited);
            return;
        }

        int room = (v4 ? MaxV4 - Ipv4View.MinHeaderLength : MaxV6 - Ipv6View.MinHeaderLength) - IcmpView.HeaderLength;
        ReadOnlySpan<byte> quoted = packet.Original[..Math.Min(room, packet.Original.Length)];
        Span<byte> message = PacketOutput.Transport[..(IcmpView.HeaderLength + quoted.Length)];
        quoted.CopyTo(message[IcmpView.HeaderLength..]);
        IcmpView.WriteHeader(message, v4 ? type : typeV6, v4 ? code : codeV6, v4 ? 0 : wordV6);
        stack.Output.Send(packet.Destination, packet.Source, v4 ? IpProtocol.Icmp : IpProtocol.IcmpV6, message.Length);
    }

    private static bool IsError(in Packet packet)
    {
        if (packet.Protocol == IpProtocol.Icmp && packet.Source.IsV4)
            return packet.Payload.Length == 0 || (IcmpType)packet.Payload[0] is not (IcmpType.Echo or IcmpType.EchoReply);
        return packet.Protocol == IpProtocol.IcmpV6 && (packet.Payload.Length == 0 || packet.Payload[0] < (byte)Icmpv6Type.EchoRequest);
    }

    private bool TryTake()
    {
        _tokens = Math.Min(Burst, _tokens + ((stack.Now - _filled) * (double)PerSecond / Nanoseconds.PerSecond));
        _filled = stack.Now;
        if (_tokens < 1)
            return false;
        _tokens--;
        return true;
    }
}
