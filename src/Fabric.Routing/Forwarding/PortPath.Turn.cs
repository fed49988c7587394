using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Fabric.Link;
using Fabric.Routing.Acl;
using Fabric.Routing.Fib;
using Fabric.Routing.Icmp;
using Fabric.Routing.Neighbors;
using Fabric.Wire;

namespace Fabric.Routing.Forwarding;

/// <content>Where a packet goes, and its new headers.</content>
internal sealed unsafe partial class PortPath
{
    private const int HopLimitV4 = 8;
    private const int HopLimitV6 = 7;
    private const int ChecksumV4 = HopLimitV4 + 2;
    private const int FlagsV4 = 6;
    private const byte DontFragment = 0x40;
    private const int TcpDataOffset = 12;

    /// <summary>Makes a packet ready to leave, or deals with it where it does not.</summary>
    /// <param name="item">The packet.</param>
    /// <param name="frame">Its frame.</param>
    /// <param name="found">What is to become of it; null when nothing is known.</param>
    /// <param name="generation">Of the table when the packet's number meant this; null where it means something else.</param>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private void Turn(in PacketItem item, in Frame frame, ForwardingEntry? found, long? generation)
    {
        if (found is not { Kind: RouteKind.Unicast } entry)
        {
            RefuseRoute(in item, in frame, found);
            return;
        }

        if (!TryChoose(entry, in item, out NextHop hop, out LogicalInterface? link))
        {
            Refuse(in frame, in item, RouterDrop.Unreachable, IcmpError.HostUnreachable);
            return;
        }

        if (HopLimit(in item) <= 1)
        {
            Refuse(in frame, in item, RouterDrop.HopLimitExceeded, IcmpError.HopLimitExceeded);
            return;
        }

        bool isOpen = entry.NextHops.Length > 1 || hop.IsOnLink || link.AccessOut is not null;
        if (isOpen && generation is { } held)
            RememberOpen(item.Number, held, entry);
        if (link.AccessOut is { } list && !Passes(list, in item, in frame))
            return;
        FrameOffload offload = frame.Offload;
        bool fragments = false;
        if (item.Length > link.Mtu && !Fits(in item, in frame, link, ref offload, out fragments))
            return;
        IpAddress nextHop = hop.IsOnLink ? item.Destination : hop.Gateway;
        Neighbor? neighbor = _neighbors.Find(link, nextHop);
        ulong word = neighbor?.Word ?? 0;
        Rewrite(in item, link, word);
        if ((word & Neighbor.Usable) == 0)
            neighbor = null;
        else if ((word & Neighbor.TellUse) != 0)
            _router.Use(neighbor!);
        else if (!neighbor!.IsUsed)
            neighbor.IsUsed = true;
        if (generation is { } sure && neighbor is not null && !isOpen)
            Remember(in item, sure, link, neighbor, word);
        if (fragments)
            Cut(in item, in frame, link, nextHop, neighbor is not null);
        else
            Leave(Make(in item, in frame, offload, link), link, nextHop, neighbor is not null);
    }

    /// <summary>Puts a frame among those that leave together, or has it wait for its neighbour.</summary>
    private void Leave(in Frame made, LogicalInterface link, IpAddress nextHop, bool isKnown)
    {
        if (!isKnown)
        {
            _router.Hold(link, nextHop, in made);
            return;
        }

        Leave(in made, link);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Leave(in Frame made, LogicalInterface link)
    {
        int place = _ready++;
        _isMixed |= place != 0 && _via[0] != link;
        _readyBytes += made.Length;
        _isUnfinished |= !made.Offload.IsNone;
        if (_via[place] != link)
            _via[place] = link;
        _out[place] = made;
    }

    /// <summary>Chooses among equal next hops; one whose interface is down is no choice.</summary>
    private bool TryChoose(ForwardingEntry entry, in PacketItem item, out NextHop hop, [NotNullWhen(true)] out LogicalInterface? link)
    {
        uint usable = Usable(entry);
        int place = entry.NextHops.Length > 1 && usable != 0 ? EqualPaths.Choose(Flow(in item), entry.Lots, usable) : 0;
        hop = entry.NextHops[place];
        link = usable != 0 ? _links[hop.Interface] : null;
        return link is not null;
    }

    /// <summary>A bit for each next hop whose interface is up.</summary>
    private uint Usable(ForwardingEntry entry)
    {
        uint usable = 0;
        NextHop[] hops = entry.NextHops;
        for (int place = 0; place < hops.Length; place++)
            usable |= Usable(hops[place].Interface) is null ? 0 : 1U << place;
        return usable;
    }

    private LogicalInterface? Usable(int index)
    {
        LogicalInterface?[] links = _links;
        LogicalInterface? link = (uint)index < (uint)links.Length ? links[index] : null;
        return link is { IsUp: true, Port: not null } ? link : null;
    }

    private PacketFields Fields(in PacketItem item) => new(_slots.AsSpan(item.Network, Math.Min(item.End - item.Network, item.Length)));

    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool Passes(AccessList list, in PacketItem item, in Frame frame)
    {
        AccessAction action = list.Judge(Fields(in item));
        return action == AccessAction.Permit
            || Refuse(in frame, in item, RouterDrop.AccessDenied, action == AccessAction.Reject ? IcmpError.Prohibited : IcmpError.None);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void RefuseRoute(in PacketItem item, in Frame frame, ForwardingEntry? entry)
    {
        (RouterDrop reason, IcmpError error) = entry?.Kind switch
        {
            RouteKind.BlackHole => (RouterDrop.BlackHole, IcmpError.None),
            RouteKind.Unreachable => (RouterDrop.Unreachable, IcmpError.HostUnreachable),
            RouteKind.Prohibited => (RouterDrop.Prohibited, IcmpError.Prohibited),
            _ => (RouterDrop.NoRoute, IcmpError.NoRoute),
        };
        Refuse(in frame, in item, reason, error);
    }

    /// <summary>Deals with a packet that is longer than the next link carries: a super-frame may have segments that fit, or that can be made
    /// to; an IPv4 packet may be cut if its sender allows; any other is too big (RFC 1191, 4; RFC 8200, 5).</summary>
    /// <param name="item">The packet.</param>
    /// <param name="frame">Its frame.</param>
    /// <param name="link">Where it is to leave.</param>
    /// <param name="offload">What is to be done to it; segments may become shorter.</param>
    /// <param name="fragments">It is to be cut.</param>
    /// <returns>False when it does not go on.</returns>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool Fits(in PacketItem item, in Frame frame, LogicalInterface link, ref FrameOffload offload, out bool fragments)
    {
        fragments = false;
        bool mayCut = item.IsV4 && (_slots[item.Network + FlagsV4] & DontFragment) == 0;
        if (offload.Gso == GsoType.None)
        {
            fragments = mayCut;
            return fragments || Refuse(in frame, in item, RouterDrop.TooBig, IcmpError.TooBig, (uint)link.Mtu);
        }

        int headers = SegmentHeaders(in item, in offload);
        if (headers <= 0)
            return Drop(in frame, RouterDrop.BadOffload);
        if (headers + offload.GsoSize <= link.Mtu)
            return true;

        // A stream may be cut anywhere; datagrams are their sender's.
        if (!mayCut || offload.Gso == GsoType.UdpL4)
            return Refuse(in frame, in item, RouterDrop.TooBig, IcmpError.TooBig, (uint)link.Mtu);
        offload.GsoSize = (ushort)(link.Mtu - headers);
        return true;
    }

    /// <summary>Bytes of IP and transport header of a super-frame, where they stand in the slot; 0 where they do not.</summary>
    private int SegmentHeaders(in PacketItem item, in FrameOffload offload)
    {
        int transport = offload.ChecksumStart - item.LinkHeader;
        int at = item.Network + transport + TcpDataOffset;
        if (transport < Ipv4View.MinHeaderLength || at >= item.End)
            return 0;
        return transport + (offload.Gso == GsoType.UdpL4 ? UdpView.HeaderLength : _slots[at] >> 4 << 2);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Rewrite(in PacketItem item, LogicalInterface link, ulong word)
    {
        // SAFETY: a slot holds the headroom in front of the IP header, which is not less than any Ethernet header's length, and the header.
        byte* network = _slotsStart + item.Network;
        byte* ethernet = network - link.HeaderLength;
        Unsafe.WriteUnaligned(ethernet, (word & MacMask) | (link.MacBits << 48));
        Unsafe.WriteUnaligned(ethernet + 8, (uint)(link.MacBits >> 16));
        if (link.Vlan != 0)
            Unsafe.WriteUnaligned(ethernet + 12, BinaryPrimitives.ReverseEndianness(((uint)EtherType.CustomerVlan << 16) | (uint)link.Vlan));
        Age(network, item.IsV4);
    }

    /// <summary>Takes one from the hop limit, and writes the EtherType in front of the IP header.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Age(byte* network, bool isV4)
    {
        if (!isV4)
        {
            network[HopLimitV6]--;
            Unsafe.WriteUnaligned(network - 2, BinaryPrimitives.ReverseEndianness((ushort)EtherType.Ipv6));
            return;
        }

        // RFC 1624: the word of which the time to live is the upper half becomes 0x100 less, so the checksum 0x100 more, with the carry
        // brought round. The sum does not mind the order of the octets; here 0x100 is 1.
        uint word = Unsafe.ReadUnaligned<uint>(network + HopLimitV4);
        uint sum = (word >> 16) + 1;
        sum += (sum + 1) >> 16;
        Unsafe.WriteUnaligned(network + HopLimitV4, (ushort)(word - 1) | (sum << 16));
        Unsafe.WriteUnaligned(network - 2, BinaryPrimitives.ReverseEndianness((ushort)EtherType.Ipv4));
    }

    /// <summary>Makes the frame that leaves: the slot, and what of the old frame does not stand in it.</summary>
    private Frame Make(in PacketItem item, in Frame frame, FrameOffload offload, LogicalInterface link)
    {
        int shift = link.HeaderLength - item.LinkHeader;
        if (!offload.IsNone)
        {
            offload.ChecksumStart = (ushort)(offload.ChecksumStart + shift);
            if (offload.HeaderLength != 0)
                offload.HeaderLength = (ushort)(offload.HeaderLength + shift);
        }

        int start = item.Network - link.HeaderLength;
        int length = link.HeaderLength + item.Length;
        if (item.Network + item.Length <= item.End)
            return new Frame(_slotsStart + start, length, offload);
        int copied = item.End - item.Network + item.LinkHeader;
        int rest = item.LinkHeader + item.Length - copied;
        byte* address = frame.Head.Length >= copied + rest
            ? (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(frame.Head)) + copied
            : Join(in frame, copied, rest);

        // SAFETY: the slots and the list of rests are pinned and the path's own; the rest lies inside the frame's first piece, which stays
        // where it is during the call, or in the array of Join.
        _rests[_ready] = new FrameSegment((nint)address, rest);
        return new Frame(_slotsStart + start, item.End - start, _restsStart + _ready, 1, length, offload);
    }

    /// <summary>Puts the rest of a frame in many pieces together. There is room for one: what is ready leaves first.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private byte* Join(in Frame frame, int from, int length)
    {
        Give();
        _joined ??= GC.AllocateUninitializedArray<byte>(Frame.MaxLength, pinned: true);

        // What a frame that contradicts itself does not hold is sent as zeros, not as what the last one left here.
        int there = frame.CopyTo(from, _joined.AsSpan(0, length));
        _joined.AsSpan(there, length - there).Clear();
        return (byte*)Marshal.UnsafeAddrOfPinnedArrayElement(_joined, 0);
    }
}
