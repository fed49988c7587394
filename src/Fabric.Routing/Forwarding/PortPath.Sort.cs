using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using Fabric.Link;
using Fabric.Routing.Acl;
using Fabric.Routing.Fib;
using Fabric.Routing.Icmp;
using Fabric.Wire;

namespace Fabric.Routing.Forwarding;

/// <content>Which packets are to be forwarded.</content>
internal sealed unsafe partial class PortPath
{
    private const int TagLength = 4;
    private const int VlanMask = 0xFFF;
    private const ulong LinkLocalPrefix = 0x3FA;
    private const ulong MacMask = 0xFFFF_FFFF_FFFF;

    /// <summary>Copies a frame's headers and checks them.</summary>
    /// <returns>True for a packet that is to be forwarded; everything else has been dealt with.</returns>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool Sort(in Frame frame, int index, ref PacketItem item)
    {
        // The slot is chosen by the frame: what item is at hand may move up when others leave.
        int at = (index * SlotLength) + Headroom - EthernetView.MinHeaderLength;
        Span<byte> copy = _slots.AsSpan(at, Copied);
        ReadOnlySpan<byte> head = frame.Head;
        int length = Math.Min(frame.Length, Copied);
        if (length >= 0 && head.Length >= length)
            head[..length].CopyTo(copy);
        else if (length < 0 || frame.CopyTo(0, copy[..length]) != length)
            length = 0;
        if (length < EthernetView.MinHeaderLength || frame.Length > Frame.MaxLength)
            return Drop(in frame, RouterDrop.Malformed);
        item.Frame = index;
        item.End = at + length;
        item.IsWhole = false;
        return SortEthernet(in frame, copy[..length], at, ref item);
    }

    private bool SortEthernet(in Frame frame, ReadOnlySpan<byte> copy, int at, ref PacketItem item)
    {
        int header = EthernetView.MinHeaderLength;
        EtherType type = (EtherType)BinaryPrimitives.ReadUInt16BigEndian(copy[(header - 2)..]);
        LogicalInterface? link = _untagged;
        if (type == EtherType.CustomerVlan)
        {
            header += TagLength;
            if (copy.Length < header)
                return Drop(in frame, RouterDrop.Malformed);
            type = (EtherType)BinaryPrimitives.ReadUInt16BigEndian(copy[(header - 2)..]);

            // A tag with VLAN 0 only carries a priority (IEEE 802.1Q, 6.9.1).
            link = Find(BinaryPrimitives.ReadUInt16BigEndian(copy[(header - TagLength)..]) & VlanMask);
        }

        if (link is null)
            return Drop(in frame, RouterDrop.OtherVlan);
        if (!link.IsUp)
            return Drop(in frame, RouterDrop.InterfaceDown);
        if (link != _counted)
            CountReceived(link);
        _countedFrames++;
        _countedBytes += frame.Length;

        // The destination and the first two octets of the source, the first octet lowest.
        ulong addresses = BinaryPrimitives.ReadUInt64LittleEndian(copy);
        bool isGroup = (addresses & 1) != 0;
        if ((addresses & MacMask) != link.MacBits && !isGroup)
            return Drop(in frame, RouterDrop.OtherStation);
        if ((addresses >> 48 & 1) != 0)
            return Drop(in frame, RouterDrop.Martian);
        item.In = link;
        item.LinkHeader = header;
        item.Network = at + header;
        FrameOffload offload = frame.Offload;
        if (!offload.IsNone && !offload.IsConsistent(frame.Length))
            return Drop(in frame, RouterDrop.BadOffload);
        ReadOnlySpan<byte> packet = copy[header..];
        switch (type)
        {
            case EtherType.Ipv4:
                return SortV4(in frame, packet, isGroup, ref item);
            case EtherType.Ipv6 when link.Options.UseV6:
                return SortV6(in frame, packet, isGroup, ref item);
            case EtherType.Arp when offload.Gso == GsoType.None:
                _router.DeliverArp(link, in frame, header);
                return false;
            default:
                return Drop(in frame, RouterDrop.UnknownProtocol);
        }
    }

    private bool SortV4(in Frame frame, ReadOnlySpan<byte> packet, bool linkGroup, ref PacketItem item)
    {
        if (packet.Length < Ipv4View.MinHeaderLength || packet[0] >> 4 != 4)
            return Drop(in frame, RouterDrop.Malformed);
        int header = (packet[0] & 0xF) * 4;
        int total = BinaryPrimitives.ReadUInt16BigEndian(packet[2..]);
        if (header < Ipv4View.MinHeaderLength || header > packet.Length || total < header || total > frame.Length - item.LinkHeader)
            return Drop(in frame, RouterDrop.Malformed);
        if (!IsChecksumRight(packet, header))
            return Drop(in frame, RouterDrop.BadChecksum);
        item.Length = total;
        item.IsV4 = true;
        uint source = BinaryPrimitives.ReadUInt32BigEndian(packet[12..]);
        uint destination = BinaryPrimitives.ReadUInt32BigEndian(packet[16..]);
        item.Destination = IpAddress.FromV4(destination);
        if (!Sources.IsPossible(source) && !(source == 0 && destination == uint.MaxValue))
            return Drop(in frame, RouterDrop.Martian);
        if ((header != Ipv4View.MinHeaderLength && !HasGoodOptions(in frame, packet[..header], in item)) || (item.In.IsScreened && !Passes(in frame, packet, in item)))
            return false;
        LocalKind kind = _local.Find(item.Destination);
        if (kind != LocalKind.None || destination >= 0xE000_0000)
            return SortLocal(in frame, kind, linkGroup, in item);
        if (!Sources.IsPossible(destination))
            return Drop(in frame, RouterDrop.Martian);
        if (linkGroup)
            return Drop(in frame, RouterDrop.Broadcast);

        // RFC 3927, 2.7: neither to nor from addresses of one link.
        return (source >> 16 != 0xA9FE && destination >> 16 != 0xA9FE) || Drop(in frame, RouterDrop.BeyondScope);
    }

    private bool SortV6(in Frame frame, ReadOnlySpan<byte> packet, bool linkGroup, ref PacketItem item)
    {
        if (packet.Length < Ipv6View.MinHeaderLength || packet[0] >> 4 != 6)
            return Drop(in frame, RouterDrop.Malformed);
        int total = Ipv6View.MinHeaderLength + BinaryPrimitives.ReadUInt16BigEndian(packet[4..]);
        if (total > frame.Length - item.LinkHeader)
            return Drop(in frame, RouterDrop.Malformed);
        item.Length = total;
        item.IsV4 = false;
        ulong sourceHigh = BinaryPrimitives.ReadUInt64BigEndian(packet[8..]);
        ulong sourceLow = BinaryPrimitives.ReadUInt64BigEndian(packet[16..]);
        ulong high = BinaryPrimitives.ReadUInt64BigEndian(packet[24..]);
        ulong low = BinaryPrimitives.ReadUInt64BigEndian(packet[32..]);
        item.Destination = IpAddress.FromV6(new UInt128(high, low));
        bool isMulticast = high >> 56 == 0xFF;
        if (!Sources.IsPossible(sourceHigh, sourceLow) && !((sourceHigh | sourceLow) == 0 && isMulticast))
            return Drop(in frame, RouterDrop.Martian);
        if (item.In.IsScreened && !Passes(in frame, packet, in item))
            return false;
        if (isMulticast)
            return SortLocal(in frame, LocalKind.None, linkGroup, in item);
        bool linkLocal = high >> 54 == LinkLocalPrefix;
        LocalKind kind = linkLocal ? item.In.State.IsOwn(item.Destination) ? LocalKind.Own : LocalKind.None : _local.Find(item.Destination);
        if (kind != LocalKind.None)
            return SortLocal(in frame, kind, linkGroup, in item);
        if (!Sources.IsPossible(high, low))
            return Drop(in frame, RouterDrop.Martian);
        if (linkGroup)
            return Drop(in frame, RouterDrop.Broadcast);
        if (!linkLocal && sourceHigh >> 54 != LinkLocalPrefix)
            return true;
        return RefuseScope(in frame, in item, tell: !linkLocal);
    }

    /// <summary>A packet for an address of the router, a broadcast or a group.</summary>
    private bool SortLocal(in Frame frame, LocalKind kind, bool linkGroup, in PacketItem item)
    {
        IpAddress destination = item.Destination;
        if (destination.IsMulticast)
        {
            if (!item.In.HasGroup(destination))
                return Drop(in frame, RouterDrop.NoMember);
        }
        else if (kind == LocalKind.None && destination != IpAddress.BroadcastV4)
        {
            return Drop(in frame, RouterDrop.Martian);
        }
        else if (kind == LocalKind.Broadcast && !(linkGroup && item.In.State.IsOnLink(destination)))
        {
            // Directed broadcasts come from elsewhere, and go nowhere (RFC 2644).
            return Drop(in frame, RouterDrop.Broadcast);
        }

        if (kind == LocalKind.Own && _control.Sockets is { Length: > 0 } sockets && TryGiveSocket(sockets, in frame, in item))
            return false;
        _router.Deliver(item.In, in frame, item.LinkHeader, linkGroup);
        return false;
    }

    private bool RefuseScope(in Frame frame, in PacketItem item, bool tell) =>
        Refuse(in frame, in item, RouterDrop.BeyondScope, tell ? IcmpError.BeyondScope : IcmpError.None);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool HasGoodOptions(in Frame frame, ReadOnlySpan<byte> header, in PacketItem item) => Ipv4Options.Check(header, out int position) switch
    {
        RouterDrop.SourceRoute => Refuse(in frame, in item, RouterDrop.SourceRoute, IcmpError.SourceRouteFailed),
        RouterDrop.BadOption => Refuse(in frame, in item, RouterDrop.BadOption, IcmpError.ParameterProblem, (uint)position),
        _ => true,
    };

    /// <summary>Asks the routes and the access list of the interface.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool Passes(in Frame frame, ReadOnlySpan<byte> packet, in PacketItem item)
    {
        PacketFields fields = new(packet[..Math.Min(packet.Length, item.Length)]);
        if (item.In.Options.ReversePath != ReversePathCheck.Off && !ComesFromWhereItLives(fields.From, item.In))
            return Drop(in frame, RouterDrop.ReversePath);
        if (item.In.Options.AccessIn is not { } list)
            return true;
        AccessAction action = list.Judge(in fields);
        return action == AccessAction.Permit
            || Refuse(in frame, in item, RouterDrop.AccessDenied, action == AccessAction.Reject ? IcmpError.Prohibited : IcmpError.None);
    }

    private bool ComesFromWhereItLives(IpAddress source, LogicalInterface link)
    {
        // Who has no address yet, and addresses of the link, have no route to be asked for.
        if (source.IsUnspecified || (!source.IsV4 && source.IsLinkLocal))
            return true;
        ForwardingEntry? entry = source.IsV4 ? _table.Find(source.V4) : _table.Find(source.Bits);
        if (entry is not { Kind: RouteKind.Unicast })
            return false;
        if (link.Options.ReversePath == ReversePathCheck.Loose)
            return true;
        foreach (ref readonly NextHop hop in entry.NextHops.AsSpan())
        {
            if (hop.Interface == link.Index)
                return true;
        }

        return false;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool Refuse(in Frame frame, in PacketItem item, RouterDrop reason, IcmpError error, uint word = 0)
    {
        Drop(in frame, reason);
        if (error != IcmpError.None)
            _router.Report(error, item.In, in frame, item.LinkHeader, word);
        return false;
    }

    private static bool IsChecksumRight(ReadOnlySpan<byte> packet, int header)
    {
        if (header != Ipv4View.MinHeaderLength)
            return InternetChecksum.Finish(InternetChecksum.Add(0, packet[..header])) == 0;
        return IsChecksumRight(
            BinaryPrimitives.ReadUInt64LittleEndian(packet), BinaryPrimitives.ReadUInt64LittleEndian(packet[8..]), BinaryPrimitives.ReadUInt32LittleEndian(packet[16..]));
    }

    /// <summary>Counts a packet that goes no further, and tells those who look on.</summary>
    /// <returns>False.</returns>
    private bool Drop(in Frame frame, RouterDrop reason, FrameDirection direction = FrameDirection.Received, IPort? port = null)
    {
        Tally.Drop(reason);
        if (!_observers.IsEmpty)
            _observers.Show(port ?? _port, direction, in frame, reason);
        return false;
    }
}
