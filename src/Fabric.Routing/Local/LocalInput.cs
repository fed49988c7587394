using System.Buffers.Binary;
using Fabric.Link;
using Fabric.Routing.Forwarding;
using Fabric.Routing.Icmp;
using Fabric.Wire;

namespace Fabric.Routing.Local;

/// <summary>The way up for what is for the router itself.</summary>
/// <remarks>The data path has looked at the packet already, but at bytes that a guest may have changed meanwhile: everything is checked
/// again on a copy.</remarks>
internal sealed class LocalInput(RouterControl control)
{
    private const IpProtocol RoutingHeader = (IpProtocol)43;

    /// <summary>Takes a packet.</summary>
    /// <param name="link">Where it came in.</param>
    /// <param name="frame">A copy of the whole frame, which is written to.</param>
    /// <param name="header">Bytes of its Ethernet header.</param>
    /// <param name="linkGroup">The frame was for all or for a group.</param>
    /// <param name="offload">What is still to be done to it; consistent with the frame's length.</param>
    internal void Accept(LogicalInterface link, Span<byte> frame, int header, bool linkGroup, in FrameOffload offload)
    {
        if ((offload.Flags & OffloadFlags.NeedsChecksum) != 0)
            Complete(frame, in offload);
        int segmentSize = offload.Gso == GsoType.None ? 0 : offload.GsoSize;
        ReadOnlySpan<byte> packet = frame[header..];
        if (!packet.IsEmpty && packet[0] >> 4 == 4)
            AcceptV4(link, packet, linkGroup, segmentSize);
        else
            AcceptV6(link, packet, linkGroup, segmentSize);
    }

    /// <summary>Hands a whole packet to its protocol.</summary>
    internal void Deliver(in LocalPacket packet)
    {
        switch (packet.Protocol)
        {
            case IpProtocol.Icmp when packet.Source.IsV4:
                control.Icmp.AcceptV4(in packet);
                break;
            case IpProtocol.IcmpV6 when !packet.Source.IsV4:
                control.Icmp.AcceptV6(in packet);
                break;
            case IpProtocol.Udp:
                control.Protocols.Accept(in packet);
                break;
            case IpProtocol.Tcp:
                control.Tcp.Accept(in packet);
                break;
            case IpProtocol.Igmp when packet.Source.IsV4:
                control.Tally.AddDelivered();
                break;
            case RoutingHeader when !packet.Source.IsV4:
                RefuseRouting(in packet);
                break;
            default:
                control.Drop(RouterDrop.UnknownProtocol);
                Refuse(in packet);
                break;
        }
    }

    /// <summary>A routing header that would have the router send the packet on is refused (RFC 5095, 3; RFC 8200, 4.4).</summary>
    private void RefuseRouting(in LocalPacket packet)
    {
        const int TypeOffset = 2;
        control.Drop(RouterDrop.SourceRoute);
        if (!packet.IsGroup)
            control.Errors.Report(IcmpError.SourceRouteFailed, packet.Link, packet.Original, (uint)(packet.Original.Length - packet.Payload.Length + TypeOffset));
    }

    /// <summary>Tells the sender of an unknown protocol (RFC 1812, 5.2.7.1; RFC 4443, 3.4).</summary>
    private void Refuse(in LocalPacket packet)
    {
        if (!packet.IsGroup)
            control.Errors.Report(IcmpError.ProtocolUnreachable, packet.Link, packet.Original, packet.Source.IsV4 ? 0 : NextHeaderPosition(packet.Original));
    }

    private static uint NextHeaderPosition(ReadOnlySpan<byte> packet)
    {
        const int First = 6;
        int field = First;
        int at = Ipv6View.MinHeaderLength;
        while (at + 8 <= packet.Length && (IpProtocol)packet[field] is IpProtocol.HopByHop or IpProtocol.DestinationOptions or IpProtocol.Fragment)
        {
            bool fragment = (IpProtocol)packet[field] == IpProtocol.Fragment;
            field = at;
            at += fragment ? Ipv6View.FragmentHeaderLength : 8 + (packet[at + 1] * 8);
        }

        return (uint)field;
    }

    /// <summary>Finishes a checksum that holds the pseudo header alone (virtio 1.2, 5.1.6.2), so that it is checked like any other.</summary>
    private static void Complete(Span<byte> frame, in FrameOffload offload)
    {
        ushort sum = InternetChecksum.Finish(InternetChecksum.Add(0, frame[offload.ChecksumStart..]));
        BinaryPrimitives.WriteUInt16BigEndian(frame[(offload.ChecksumStart + offload.ChecksumOffset)..], sum == 0 ? ushort.MaxValue : sum);
    }

    private void AcceptV4(LogicalInterface link, ReadOnlySpan<byte> bytes, bool linkGroup, int segmentSize)
    {
        if (!Ipv4View.TryParse(bytes, out Ipv4View ip))
        {
            control.Drop(RouterDrop.Malformed);
            return;
        }

        IpAddress source = ip.Source;
        IpAddress destination = ip.Destination;
        bool group = linkGroup || destination.IsMulticast || destination == IpAddress.BroadcastV4 || control.Local.Find(destination) == LocalKind.Broadcast;
        bool asking = source.IsUnspecified && destination == IpAddress.BroadcastV4;
        if (!ip.IsChecksumValid)
        {
            control.Drop(RouterDrop.BadChecksum);
        }
        else if (!asking && (!Sources.IsPossible(source) || control.Local.Find(source) != LocalKind.None))
        {
            control.Drop(RouterDrop.Martian);
        }
        else
        {
            LocalPacket packet = new()
            {
                Link = link,
                Source = source,
                Destination = destination,
                Addresses = ip.Addresses,
                Protocol = ip.Protocol,
                HopLimit = ip.TimeToLive,
                TrafficClass = ip.TrafficClass,
                Original = ip.Packet,
                Payload = ip.Payload,
                IsGroup = group,
                SegmentSize = segmentSize,
            };
            Sort(in packet, ip.IsFragment, ip.FragmentOffset, ip.MoreFragments, ip.Identification);
        }
    }

    private void AcceptV6(LogicalInterface link, ReadOnlySpan<byte> bytes, bool linkGroup, int segmentSize)
    {
        if (!Ipv6View.TryParse(bytes, out Ipv6View ip))
        {
            control.Drop(RouterDrop.Malformed);
            return;
        }

        IpAddress source = ip.Source;
        IpAddress destination = ip.Destination;
        bool asking = source.IsUnspecified && ip.Protocol == IpProtocol.IcmpV6;
        if (source.IsV4 || destination.IsV4 || (!asking && (!Sources.IsPossible(source) || control.IsOwn(source, link))))
        {
            control.Drop(RouterDrop.Martian);
            return;
        }

        LocalPacket packet = new()
        {
            Link = link,
            Source = source,
            Destination = destination,
            Addresses = ip.Addresses,
            Protocol = ip.Protocol,
            HopLimit = ip.HopLimit,
            TrafficClass = ip.TrafficClass,
            Original = ip.Packet,
            Payload = ip.Payload,
            IsGroup = linkGroup || destination.IsMulticast,
            SegmentSize = segmentSize,
        };
        Sort(in packet, ip.IsFragment, ip.FragmentOffset, ip.MoreFragments, ip.Identification);
    }

    private void Sort(in LocalPacket packet, bool isFragment, int offset, bool more, uint identification)
    {
        if (!IsForUs(in packet))
            control.Drop(packet.Destination.IsMulticast ? RouterDrop.NoMember : RouterDrop.OtherStation);
        else if (isFragment && (offset != 0 || more))
            control.Reassembly.Accept(in packet, offset, more, identification);
        else
            Deliver(in packet);
    }

    private bool IsForUs(in LocalPacket packet)
    {
        IpAddress destination = packet.Destination;
        if (destination.IsMulticast)
            return packet.Link.HasGroup(destination);
        return destination == IpAddress.BroadcastV4 || control.Local.Find(destination) != LocalKind.None || control.IsOwn(destination, packet.Link);
    }
}
