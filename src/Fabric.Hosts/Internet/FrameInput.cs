using System.Buffers.Binary;
using Fabric.Link;
using Fabric.Wire;

namespace Fabric.Hosts.Internet;

/// <summary>The way up: Ethernet, VLAN, IP, and from there to the protocol.</summary>
internal sealed class FrameInput(HostStack stack)
{
    private const int VlanMask = 0xFFF;

    /// <summary>Takes a frame.</summary>
    internal void Accept(in Frame frame)
    {
        stack.Counters.AddReceived();
        FrameOffload offload = frame.Offload;
        Span<byte> bytes = Scratch.Current.Arrived.AsSpan(0, Math.Clamp(frame.Length, 0, Frame.MaxLength));
        if (frame.Length > Frame.MaxLength || frame.CopyTo(0, bytes) != bytes.Length || !EthernetView.TryParse(bytes, out EthernetView ethernet))
        {
            stack.Drop(HostDrop.Malformed);
            return;
        }

        if (Refuses(in ethernet, bytes.Length, in offload) is { } reason)
        {
            stack.Drop(reason);
            return;
        }

        if ((offload.Flags & OffloadFlags.NeedsChecksum) != 0)
            Complete(bytes, in offload);
        int segmentSize = offload.Gso == GsoType.None ? 0 : offload.GsoSize;
        switch (ethernet.EtherType)
        {
            case EtherType.Arp when offload.Gso == GsoType.None:
                stack.Arp.Accept(ethernet.Payload);
                break;
            case EtherType.Ipv4:
                AcceptV4(ethernet.Payload, ethernet.Destination.IsGroup, segmentSize);
                break;
            case EtherType.Ipv6 when stack.Options.UseV6:
                AcceptV6(ethernet.Payload, ethernet.Destination.IsGroup, segmentSize);
                break;
            default:
                stack.Drop(HostDrop.UnknownProtocol);
                break;
        }
    }

    private HostDrop? Refuses(in EthernetView ethernet, int length, in FrameOffload offload)
    {
        if (!offload.IsConsistent(length))
            return HostDrop.BadOffload;
        if (ethernet.Source.IsGroup)
            return HostDrop.BadSource;
        if (ethernet.Destination != stack.Options.Mac && !ethernet.Destination.IsGroup)
            return HostDrop.OtherStation;

        // A tag with VLAN 0 only carries a priority (IEEE 802.1Q, 6.9.1).
        int vlan = ethernet.TagControl & VlanMask;
        if (vlan != (stack.Options.Vlan ?? 0) || ethernet.HeaderLength > EthernetView.MinHeaderLength + 4)
            return HostDrop.OtherVlan;
        return offload.Gso == GsoType.None && length - ethernet.HeaderLength > stack.Options.Mtu ? HostDrop.Oversized : null;
    }

    /// <summary>Finishes a checksum that holds the pseudo header alone (virtio 1.2, 5.1.6.2), so that it is checked like any other.</summary>
    private static void Complete(Span<byte> frame, in FrameOffload offload)
    {
        ushort sum = InternetChecksum.Finish(InternetChecksum.Add(0, frame[offload.ChecksumStart..]));
        BinaryPrimitives.WriteUInt16BigEndian(frame[(offload.ChecksumStart + offload.ChecksumOffset)..], sum == 0 ? ushort.MaxValue : sum);
    }

    private void AcceptV4(ReadOnlySpan<byte> bytes, bool linkGroup, int segmentSize)
    {
        if (!Ipv4View.TryParse(bytes, out Ipv4View ip))
        {
            stack.Drop(HostDrop.Malformed);
            return;
        }

        IpAddress source = ip.Source;
        IpAddress destination = ip.Destination;
        if (!ip.IsChecksumValid)
        {
            stack.Drop(HostDrop.BadChecksum);
        }
        else if (source.IsMulticast || source.IsLoopback || source.IsUnspecified || source == IpAddress.BroadcastV4 || destination.IsLoopback
            || stack.Addresses.IsSubnetBroadcast(source) || stack.Addresses.IsOwn(source))
        {
            stack.Drop(HostDrop.BadSource);
        }
        else
        {
            Packet packet = new()
            {
                Source = source,
                Destination = destination,
                Addresses = ip.Addresses,
                Protocol = ip.Protocol,
                HopLimit = ip.TimeToLive,
                Original = ip.Packet,
                Payload = ip.Payload,
                IsGroup = linkGroup || destination.IsMulticast || destination == IpAddress.BroadcastV4 || stack.Addresses.IsSubnetBroadcast(destination),
                SegmentSize = segmentSize,
            };
            Sort(in packet, ip.IsFragment, ip.FragmentOffset, ip.MoreFragments, ip.Identification);
        }
    }

    private void AcceptV6(ReadOnlySpan<byte> bytes, bool linkGroup, int segmentSize)
    {
        if (!Ipv6View.TryParse(bytes, out Ipv6View ip))
        {
            stack.Drop(HostDrop.Malformed);
            return;
        }

        IpAddress source = ip.Source;
        IpAddress destination = ip.Destination;

        // An IPv4-mapped address never stands in a header (RFC 4291, 2.5.5.2). The unspecified one does in duplicate detection only.
        if (source.IsMulticast || source.IsLoopback || source.IsV4 || destination.IsV4 || destination.IsLoopback || stack.Addresses.IsOwn(source)
            || (source.IsUnspecified && ip.Protocol != IpProtocol.IcmpV6))
        {
            stack.Drop(HostDrop.BadSource);
            return;
        }

        Packet packet = new()
        {
            Source = source,
            Destination = destination,
            Addresses = ip.Addresses,
            Protocol = ip.Protocol,
            HopLimit = ip.HopLimit,
            Original = ip.Packet,
            Payload = ip.Payload,
            IsGroup = linkGroup || destination.IsMulticast,
            SegmentSize = segmentSize,
        };
        Sort(in packet, ip.IsFragment, ip.FragmentOffset, ip.MoreFragments, ip.Identification);
    }

    private void Sort(in Packet packet, bool isFragment, int offset, bool more, uint identification)
    {
        bool ours = stack.Addresses.IsOwn(packet.Destination) || stack.Addresses.IsGroupOfOurs(packet.Destination);
        if (!ours && !IsForConfiguration(in packet))
            stack.Drop(HostDrop.OtherAddress);
        else if (isFragment && (offset != 0 || more))
            stack.Reassembly.Accept(in packet, offset, more, identification);
        else
            Deliver(in packet);
    }

    /// <summary>Hands a whole packet to its protocol.</summary>
    internal void Deliver(in Packet packet)
    {
        switch (packet.Protocol)
        {
            case IpProtocol.Icmp when packet.Source.IsV4:
                stack.Icmp.AcceptV4(in packet);
                break;
            case IpProtocol.IcmpV6 when !packet.Source.IsV4:
                stack.Icmp.AcceptV6(in packet);
                break;
            case IpProtocol.Udp:
                stack.Udp.Accept(in packet);
                break;
            case IpProtocol.Tcp:
                stack.Tcp.Accept(in packet);
                break;
            default:
                stack.Drop(HostDrop.UnknownProtocol);
                stack.Errors.UnknownProtocol(in packet);
                break;
        }
    }

    /// <summary>True for what reaches an address that is only about to be ours: neighbour solicitations for it, and DHCP answers.</summary>
    private bool IsForConfiguration(in Packet packet)
    {
        if (packet.Source.IsV4)
            return packet.Protocol == IpProtocol.Udp && stack.Options.UseDhcp && UdpView.TryParse(packet.Payload, out UdpView udp) && udp.DestinationPort == DhcpView.ClientPort;
        return false;
    }
}
