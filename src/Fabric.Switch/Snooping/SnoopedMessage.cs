using System.Buffers.Binary;
using Fabric.Wire;

namespace Fabric.Switch.Snooping;

/// <summary>An IP packet with a message of IGMP, MLD or PIM that has passed all checks which the RFCs ask of a receiver, or the reason
/// why it has not.</summary>
internal readonly ref struct SnoopedMessage
{
    private static readonly IpAddress AllSystems = IpAddress.FromV4(0xE000_0001);
    private static readonly IpAddress AllRoutersV4 = IpAddress.FromV4(0xE000_0002);
    private static readonly IpAddress PimRoutersV4 = IpAddress.FromV4(0xE000_000D);
    private static readonly IpAddress ReportsV4 = IpAddress.FromV4(0xE000_0016);
    private static readonly IpAddress PimRoutersV6 = IpAddress.FromV6(new UInt128(0xFF02_0000_0000_0000, 0xD));
    private static readonly IpAddress ReportsV6 = IpAddress.FromV6(new UInt128(0xFF02_0000_0000_0000, 0x16));

    private SnoopedMessage(IpAddress source, GroupMessageView message)
    {
        Source = source;
        Message = message;
    }

    private SnoopedMessage(IpAddress source, int holdTime)
    {
        Source = source;
        IsPim = true;
        HoldTime = holdTime;
    }

    /// <summary>Sender.</summary>
    internal IpAddress Source { get; }

    /// <summary>The message, unless it is PIM.</summary>
    internal GroupMessageView Message { get; }

    /// <summary>PIM rather than IGMP or MLD.</summary>
    internal bool IsPim { get; }

    /// <summary>Of a PIM hello: seconds for which the router is there, 65,535 for always; -1 in another PIM message.</summary>
    internal int HoldTime { get; }

    /// <summary>Checks an IPv4 packet.</summary>
    internal static SnoopFault Parse(Ipv4View packet, out SnoopedMessage result)
    {
        result = default;
        if (packet.IsFragment)
            return SnoopFault.Length;
        if (!packet.IsChecksumValid)
            return SnoopFault.Checksum;
        IpAddress source = packet.Source;
        if (source.IsMulticast || source.IsLoopback || source == IpAddress.BroadcastV4)
            return SnoopFault.Source;
        if (packet.Protocol == IpProtocol.Pim)
            return ParsePim(source, packet.Destination == PimRoutersV4, packet.TimeToLive, packet.Payload, 0, out result);
        if (!GroupMessageView.TryParse(packet.Payload, isV4: true, out GroupMessageView message))
            return SnoopFault.Length;
        if (InternetChecksum.Finish(InternetChecksum.Add(0, packet.Payload)) != 0)
            return SnoopFault.Checksum;
        result = new SnoopedMessage(source, message);
        if (message.Kind == GroupMessageKind.Other)
            return SnoopFault.None;
        if (packet.TimeToLive != 1)
            return SnoopFault.HopLimit;
        // IGMPv1 has no router alert (RFC 1112, appendix I).
        if (message.Version > 1 && !HasRouterAlert(packet))
            return SnoopFault.RouterAlert;
        return CheckAddresses(in message, packet.Destination);
    }

    /// <summary>Checks an IPv6 packet.</summary>
    internal static SnoopFault Parse(Ipv6View packet, out SnoopedMessage result)
    {
        result = default;
        if (packet.IsFragment)
            return SnoopFault.Length;
        IpAddress source = packet.Source;
        if (packet.Protocol == IpProtocol.Pim)
        {
            ulong pseudo = InternetChecksum.PseudoHeader(packet.Addresses, IpProtocol.Pim, packet.Payload.Length);
            return !source.IsLinkLocal
                ? SnoopFault.Source
                : ParsePim(source, packet.Destination == PimRoutersV6, packet.HopLimit, packet.Payload, pseudo, out result);
        }

        if (!GroupMessageView.TryParse(packet.Payload, isV4: false, out GroupMessageView message))
            return SnoopFault.Length;
        if (!IcmpView.TryParse(packet.Payload, out IcmpView icmp) || !icmp.IsChecksumValidV6(packet.Addresses))
            return SnoopFault.Checksum;
        result = new SnoopedMessage(source, message);
        if (message.Kind == GroupMessageKind.Other)
            return SnoopFault.None;
        if (packet.HopLimit != 1)
            return SnoopFault.HopLimit;
        if (!HasRouterAlert(packet))
            return SnoopFault.RouterAlert;
        // A host whose address is not sure yet speaks from :: (RFC 3590, 4); a router may not.
        bool mayBeNobody = message.Kind != GroupMessageKind.Query;
        if (!source.IsLinkLocal && !(mayBeNobody && source.IsUnspecified))
            return SnoopFault.Source;
        return CheckAddresses(in message, packet.Destination);
    }

    private static SnoopFault CheckAddresses(scoped in GroupMessageView message, IpAddress destination)
    {
        IpAddress group = message.Group;
        bool isGeneral = message.Kind == GroupMessageKind.Query && group.IsUnspecified;
        if (message.Kind != GroupMessageKind.RecordReport && !isGeneral && !group.IsMulticast)
            return SnoopFault.Group;
        bool isRight = message.Kind switch
        {
            GroupMessageKind.Query when isGeneral => destination == (message.IsV4 ? AllSystems : IpAddress.AllNodes),
            GroupMessageKind.RecordReport => destination == (message.IsV4 ? ReportsV4 : ReportsV6),
            // Some hosts leave to the group itself (RFC 3376, 4.2.14 has the routers take both).
            GroupMessageKind.Leave => destination == group || destination == (message.IsV4 ? AllRoutersV4 : IpAddress.AllRouters),
            _ => destination == group,
        };
        return isRight ? SnoopFault.None : SnoopFault.Destination;
    }

    // RFC 7761, 4.9: version and type, reserved, checksum; then options of type, length and value. Of the hello only the hold time counts.
    private static SnoopFault ParsePim(
        IpAddress source, bool isForRouters, byte hops, ReadOnlySpan<byte> message, ulong pseudo, out SnoopedMessage result)
    {
        result = new SnoopedMessage(source, -1);
        if (message.Length < 4)
            return SnoopFault.Length;
        if (message[0] != 0x20 || !isForRouters)
            return SnoopFault.None;
        if (hops != 1)
            return SnoopFault.HopLimit;
        if (InternetChecksum.Finish(InternetChecksum.Add(pseudo, message)) != 0)
            return SnoopFault.Checksum;
        const int DefaultHoldTime = 105;
        int hold = DefaultHoldTime;
        for (ReadOnlySpan<byte> options = message[4..]; !options.IsEmpty;)
        {
            int length = options.Length < 4 ? int.MaxValue : 4 + BinaryPrimitives.ReadUInt16BigEndian(options[2..]);
            if (length > options.Length)
                return SnoopFault.Length;
            if (BinaryPrimitives.ReadUInt16BigEndian(options) == 1 && length == 6)
                hold = BinaryPrimitives.ReadUInt16BigEndian(options[4..]);
            options = options[length..];
        }

        result = new SnoopedMessage(source, hold);
        return SnoopFault.None;
    }

    // RFC 2113, 2.1: copied flag, class 0, number 20; four bytes long.
    private static bool HasRouterAlert(Ipv4View packet)
    {
        ReadOnlySpan<byte> options = packet.Packet[Ipv4View.MinHeaderLength..packet.HeaderLength];
        while (!options.IsEmpty && options[0] != 0)
        {
            int length = options[0] == 1 ? 1 : options.Length < 2 ? 0 : options[1];
            if (length == 0 || length > options.Length || (length == 1 && options[0] != 1))
                return false;
            if (options[0] == 0x94 && length == 4)
                return true;
            options = options[length..];
        }

        return false;
    }

    // RFC 2711, 2.1: option 5 of two bytes with value 0, in the hop-by-hop header that comes first.
    private static bool HasRouterAlert(Ipv6View packet)
    {
        if ((IpProtocol)packet.Packet[6] != IpProtocol.HopByHop)
            return false;
        // TryParse has seen the header whole.
        ReadOnlySpan<byte> options = packet.Packet.Slice(Ipv6View.MinHeaderLength + 2, 6 + (packet.Packet[Ipv6View.MinHeaderLength + 1] * 8));
        while (!options.IsEmpty)
        {
            int length = options[0] == 0 ? 1 : options.Length < 2 ? int.MaxValue : 2 + options[1];
            if (length > options.Length)
                return false;
            if (options[0] == 5 && length == 4)
                return BinaryPrimitives.ReadUInt16BigEndian(options[2..]) == 0;
            options = options[length..];
        }

        return false;
    }
}
