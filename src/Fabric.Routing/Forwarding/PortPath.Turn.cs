using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Fabric.Link;
using Fabric.Routing.Icmp;
using Fabric.Routing.Neighbors;
using Fabric.Wire;

namespace Fabric.Routing.Forwarding;

/// <content>Where a packet goes, and its new headers.</content>
internal sealed unsafe partial class PortPath
{
    private const int HopLimitV4 = 8;
    private const int HopLimitV6 = 7;
    private const int ChecksumV4 = 10;

    /// <summary>Makes a packet ready to leave.</summary>
    private void Turn(in PacketItem item, ReadOnlySpan<Frame> frames)
    {
        if (item.Entry is not { Kind: RouteKind.Unicast } entry)
        {
            RefuseRoute(in item, frames);
            return;
        }

        NextHop hop = entry.NextHops[0];
        LogicalInterface?[] links = _control.ByIndex;
        LogicalInterface? link = (uint)hop.Interface < (uint)links.Length ? links[hop.Interface] : null;
        if (link is null || !link.IsUp || link.Port is null)
        {
            Refuse(in item, frames, RouterDrop.Unreachable, IcmpError.HostUnreachable);
            return;
        }

        ref readonly Frame frame = ref frames[item.Frame];
        if (_slots[item.Network + (item.IsV4 ? HopLimitV4 : HopLimitV6)] <= 1)
        {
            Refuse(in item, frames, RouterDrop.HopLimitExceeded, IcmpError.HopLimitExceeded);
            return;
        }

        if (item.Length > link.Mtu && !Fits(in item, in frame, link))
        {
            Refuse(in item, frames, RouterDrop.TooBig, IcmpError.TooBig, (uint)link.Mtu);
            return;
        }

        IpAddress nextHop = hop.IsOnLink ? item.Destination : hop.Gateway;
        Neighbor? neighbor = _control.Neighbors.Find(link.Index, nextHop);
        ulong word = neighbor?.Word ?? 0;
        Rewrite(in item, link, word);
        Frame made = Make(in item, in frame, link);
        if ((word & Neighbor.Usable) == 0)
        {
            _router.Hold(link, nextHop, in made);
            return;
        }

        if (!neighbor!.IsUsed)
            neighbor.IsUsed = true;
        if ((word & Neighbor.TellUse) != 0)
            _router.Use(neighbor);
        _via[_ready] = link;
        _out[_ready++] = made;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void RefuseRoute(in PacketItem item, ReadOnlySpan<Frame> frames)
    {
        (RouterDrop reason, IcmpError error) = item.Entry?.Kind switch
        {
            RouteKind.BlackHole => (RouterDrop.BlackHole, IcmpError.None),
            RouteKind.Unreachable => (RouterDrop.Unreachable, IcmpError.HostUnreachable),
            RouteKind.Prohibited => (RouterDrop.Prohibited, IcmpError.Prohibited),
            _ => (RouterDrop.NoRoute, IcmpError.NoRoute),
        };
        Refuse(in item, frames, reason, error);
    }

    /// <summary>True for a super-frame whose segments fit.</summary>
    private static bool Fits(in PacketItem item, in Frame frame, LogicalInterface link)
    {
        FrameOffload offload = frame.Offload;
        return offload.Gso != GsoType.None && offload.HeaderLength != 0 && offload.HeaderLength - item.LinkHeader + offload.GsoSize <= link.Mtu;
    }

    private void Rewrite(in PacketItem item, LogicalInterface link, ulong word)
    {
        Span<byte> network = _slots.AsSpan(item.Network);
        if (item.IsV4)
        {
            network[HopLimitV4]--;

            // RFC 1624: the word of which the time to live is the upper half has become 0x100 less.
            uint sum = BinaryPrimitives.ReadUInt16BigEndian(network[ChecksumV4..]) + 0x100U;
            BinaryPrimitives.WriteUInt16BigEndian(network[ChecksumV4..], (ushort)(sum >= ushort.MaxValue ? sum + 1 : sum));
        }
        else
        {
            network[HopLimitV6]--;
        }

        Span<byte> ethernet = _slots.AsSpan(item.Network - link.HeaderLength, link.HeaderLength);
        ulong destination = word & 0xFFFF_FFFF_FFFF;
        BinaryPrimitives.WriteUInt64LittleEndian(ethernet, destination | (link.MacBits << 48));
        BinaryPrimitives.WriteUInt32LittleEndian(ethernet[8..], (uint)(link.MacBits >> 16));
        if (link.Vlan != 0)
        {
            BinaryPrimitives.WriteUInt16BigEndian(ethernet[12..], (ushort)EtherType.CustomerVlan);
            BinaryPrimitives.WriteUInt16BigEndian(ethernet[14..], (ushort)link.Vlan);
        }

        BinaryPrimitives.WriteUInt16BigEndian(ethernet[(link.HeaderLength - 2)..], (ushort)(item.IsV4 ? EtherType.Ipv4 : EtherType.Ipv6));
    }

    /// <summary>Makes the frame that leaves: the slot, and what of the old frame does not stand in it.</summary>
    private Frame Make(in PacketItem item, in Frame frame, LogicalInterface link)
    {
        FrameOffload offload = frame.Offload;
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
