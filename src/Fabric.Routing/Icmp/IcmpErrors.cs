using System.Buffers.Binary;
using Fabric.Link;
using Fabric.Routing.Forwarding;
using Fabric.Routing.Local;
using Fabric.Wire;

namespace Fabric.Routing.Icmp;

/// <summary>Tells senders that their packets went no further (RFC 792; RFC 1812, 4.3; RFC 4443, 3).</summary>
/// <remarks>Never about an error, a group destination, a fragment but the first, or a source that is not one host (RFC 1812, 4.3.2.7;
/// RFC 4443, 2.4 (e)), and not more often than a token bucket lets through (RFC 1812, 4.3.2.8; RFC 4443, 2.4 (f)).</remarks>
internal sealed class IcmpErrors(RouterControl control)
{
    /// <summary>An error with what it quotes takes at most so many bytes (RFC 1812, 4.3.2.3; RFC 4443, 2.4 (c)).</summary>
    private const int MaxV4 = 576;
    private const int MaxV6 = 1280;

    /// <summary>Internetwork control (RFC 1812, 4.3.2.5).</summary>
    private const byte PrecedenceV4 = 0xC0;
    private const int DestinationOffsetV4 = 16;
    private TokenBucket _bucket = new(control.Options.ErrorsPerSecond, control.Options.ErrorBurst, Nanoseconds.PerSecond, 0);

    /// <summary>Tells a packet's sender.</summary>
    /// <param name="error">What.</param>
    /// <param name="link">Where the packet came in; null where that is not known any more.</param>
    /// <param name="packet">From its IP header on, as much of it as is there.</param>
    /// <param name="word">MTU or position, as the error has it.</param>
    internal void Report(IcmpError error, LogicalInterface? link, ReadOnlySpan<byte> packet, uint word = 0)
    {
        if (packet.IsEmpty)
            return;
        if (packet[0] >> 4 == 4 && Ipv4Facts(packet, error))
            ReportV4(error, packet, word);
        else if (packet[0] >> 4 == 6 && Ipv6Facts(packet, error))
            ReportV6(error, link, packet, word);
    }

    /// <summary>A neighbour did not answer, and a packet that waited for it goes no further.</summary>
    /// <param name="frame">Its frame.</param>
    /// <param name="header">Bytes of its Ethernet header.</param>
    internal void NeighborFailed(ReadOnlySpan<byte> frame, int header) => Report(IcmpError.HostUnreachable, null, frame[header..]);

    /// <summary>Asks whether one more may be sent now, and counts it.</summary>
    internal bool TryTake()
    {
        _bucket.Refill(control.Now);
        if (_bucket.TryTake(1))
            return true;
        control.Tally.AddSuppressed();
        return false;
    }

    private static (IcmpType Type, byte Code) TypeV4(IcmpError error) => error switch
    {
        IcmpError.NoRoute => (IcmpType.DestinationUnreachable, 0),
        IcmpError.HostUnreachable => (IcmpType.DestinationUnreachable, 1),
        IcmpError.ProtocolUnreachable => (IcmpType.DestinationUnreachable, 2),
        IcmpError.PortUnreachable => (IcmpType.DestinationUnreachable, 3),
        IcmpError.TooBig => (IcmpType.DestinationUnreachable, 4),
        IcmpError.SourceRouteFailed => (IcmpType.DestinationUnreachable, 5),
        IcmpError.HopLimitExceeded => (IcmpType.TimeExceeded, 0),
        IcmpError.ReassemblyTimeExceeded => (IcmpType.TimeExceeded, 1),
        IcmpError.ParameterProblem => (IcmpType.ParameterProblem, 0),
        _ => (IcmpType.DestinationUnreachable, 13),
    };

    private static (Icmpv6Type Type, byte Code) TypeV6(IcmpError error) => error switch
    {
        IcmpError.NoRoute => (Icmpv6Type.DestinationUnreachable, 0),
        IcmpError.Prohibited => (Icmpv6Type.DestinationUnreachable, 1),
        IcmpError.BeyondScope => (Icmpv6Type.DestinationUnreachable, 2),
        IcmpError.PortUnreachable => (Icmpv6Type.DestinationUnreachable, 4),
        IcmpError.TooBig => (Icmpv6Type.PacketTooBig, 0),
        IcmpError.HopLimitExceeded => (Icmpv6Type.TimeExceeded, 0),
        IcmpError.ReassemblyTimeExceeded => (Icmpv6Type.TimeExceeded, 1),
        IcmpError.ParameterProblem or IcmpError.SourceRouteFailed => (Icmpv6Type.ParameterProblem, 0),
        IcmpError.ProtocolUnreachable => (Icmpv6Type.ParameterProblem, 1),
        _ => (Icmpv6Type.DestinationUnreachable, 3),
    };

    /// <summary>True when the packet is one that may be answered.</summary>
    private bool Ipv4Facts(ReadOnlySpan<byte> packet, IcmpError error)
    {
        if (packet.Length < Ipv4View.MinHeaderLength || error == IcmpError.BeyondScope)
            return false;
        int header = (packet[0] & 0xF) * 4;
        bool later = (BinaryPrimitives.ReadUInt16BigEndian(packet[6..]) & 0x1FFF) != 0;
        IpAddress source = IpAddress.ReadV4(packet[12..]);
        IpAddress destination = IpAddress.ReadV4(packet[DestinationOffsetV4..]);
        if (later || !IsOneHost(source) || destination.IsMulticast || destination == IpAddress.BroadcastV4 || control.Local.Find(destination) == LocalKind.Broadcast)
            return false;
        if (packet[9] != (byte)IpProtocol.Icmp)
            return true;

        // What is cut off, or is no query that is known, may be an error.
        return header < packet.Length && (IcmpType)packet[header] is IcmpType.Echo or IcmpType.EchoReply or (IcmpType)13 or (IcmpType)14;
    }

    private bool Ipv6Facts(ReadOnlySpan<byte> packet, IcmpError error)
    {
        if (packet.Length < Ipv6View.MinHeaderLength)
            return false;
        IpAddress source = IpAddress.ReadV6(packet[8..]);
        IpAddress destination = IpAddress.ReadV6(packet[24..]);

        // RFC 4443, 2.4 (e.3): a group may be told that its packets are too big.
        if (!IsOneHost(source) || (destination.IsMulticast && error != IcmpError.TooBig))
            return false;
        return !IsLaterFragmentOrError(packet);
    }

    private static bool IsLaterFragmentOrError(ReadOnlySpan<byte> packet)
    {
        byte next = packet[6];
        int at = Ipv6View.MinHeaderLength;
        while ((IpProtocol)next is IpProtocol.HopByHop or IpProtocol.DestinationOptions or IpProtocol.Fragment or (IpProtocol)43)
        {
            if (at + 8 > packet.Length)
                return true;
            bool fragment = next == (byte)IpProtocol.Fragment;
            if (fragment && (BinaryPrimitives.ReadUInt16BigEndian(packet[(at + 2)..]) & 0xFFF8) != 0)
                return true;
            next = packet[at];
            at += fragment ? Ipv6View.FragmentHeaderLength : 8 + (packet[at + 1] * 8);
        }

        return next == (byte)IpProtocol.IcmpV6 && (at >= packet.Length || packet[at] < (byte)Icmpv6Type.EchoRequest || packet[at] == (byte)Icmpv6Type.Redirect);
    }

    private bool IsOneHost(IpAddress source) => Sources.IsPossible(source) && control.Local.Find(source) == LocalKind.None;

    private void ReportV4(IcmpError error, ReadOnlySpan<byte> packet, uint word)
    {
        IpAddress to = IpAddress.ReadV4(packet[12..]);
        IpAddress about = IpAddress.ReadV4(packet[DestinationOffsetV4..]);
        if (!TrySource(null, to, about, out IpAddress source) || !TryTake())
            return;
        (IcmpType type, byte code) = TypeV4(error);
        uint second = error switch
        {
            IcmpError.TooBig => word & 0xFFFF,
            IcmpError.ParameterProblem => word << 24,
            _ => 0,
        };
        int length = Quote(packet, MaxV4 - Ipv4View.MinHeaderLength);
        Span<byte> message = PacketOutput.Room(length);
        IcmpView.WriteHeader(message, (byte)type, code, second);
        HeaderWriter.StoreChecksum(message, source, to, IpProtocol.Icmp);
        if (control.Output.Send(source, to, IpProtocol.Icmp, length, trafficClass: PrecedenceV4))
            control.Tally.AddError();
    }

    private void ReportV6(IcmpError error, LogicalInterface? link, ReadOnlySpan<byte> packet, uint word)
    {
        IpAddress to = IpAddress.ReadV6(packet[8..]);
        IpAddress about = IpAddress.ReadV6(packet[24..]);
        LogicalInterface? via = to.IsLinkLocal ? link : null;
        if ((to.IsLinkLocal && via is null) || !TrySource(via, to, about, out IpAddress source) || !TryTake())
            return;
        (Icmpv6Type type, byte code) = TypeV6(error);
        int length = Quote(packet, MaxV6 - Ipv6View.MinHeaderLength);
        Span<byte> message = PacketOutput.Room(length);
        IcmpView.WriteHeader(message, (byte)type, code, word);
        HeaderWriter.StoreChecksum(message, source, to, IpProtocol.IcmpV6);
        if (control.Output.Send(source, to, IpProtocol.IcmpV6, length, via: via))
            control.Tally.AddError();
    }

    /// <summary>The address the packet was for when it is ours; otherwise one of the interface by which the error leaves (RFC 1812,
    /// 4.3.2.4; RFC 4443, 2.2).</summary>
    private bool TrySource(LogicalInterface? via, IpAddress to, IpAddress about, out IpAddress source)
    {
        source = about;
        if (control.IsOwn(about, via))
            return true;
        via ??= control.Output.FindWay(to, out _);
        return via is not null && control.Output.TrySource(via, to, out source);
    }

    private static int Quote(ReadOnlySpan<byte> packet, int room)
    {
        int quoted = Math.Min(packet.Length, room - IcmpView.HeaderLength);
        packet[..quoted].CopyTo(PacketOutput.Room(IcmpView.HeaderLength + quoted)[IcmpView.HeaderLength..]);
        return IcmpView.HeaderLength + quoted;
    }
}
