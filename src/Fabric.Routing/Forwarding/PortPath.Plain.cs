using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Fabric.Link;
using Fabric.Wire;

namespace Fabric.Routing.Forwarding;

// Plain packets
//
// Nearly all packets are alike: a finished frame in one piece, for this station, on an interface that judges nothing, with an IP header
// without options, from and to addresses of single stations elsewhere. They are recognised here by as few comparisons as that takes, all
// of them on the copy in the slot. Whatever is different in any way is not refused here but left to the full examination in
// PortPath.Sort.cs, which copies the frame once more and knows all the reasons. So this file must never accept what that one does not;
// it may reject what it likes.

/// <content>The short examination.</content>
internal sealed unsafe partial class PortPath
{
    private const int TaggedHeader = EthernetView.MinHeaderLength + TagLength;
    private const int ShortestPlain = 32;
    private const ulong StationMask = MacMask | (1UL << 48);

    /// <summary>Copies and checks all frames.</summary>
    /// <returns>How many items there are to be forwarded.</returns>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private int Sort(ReadOnlySpan<Frame> frames)
    {
        PacketItem[] items = _items;
        LogicalInterface? untagged = _untagged;
        int count = 0;
        for (int i = 0; i < frames.Length; i++)
        {
            if (IsPlain(in frames[i], i, untagged, ref items[count]) || Sort(in frames[i], i, ref items[count]))
                count++;
        }

        return count;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool IsPlain(in Frame frame, int index, LogicalInterface? link, ref PacketItem item)
    {
        ReadOnlySpan<byte> head = frame.Head;
        int length = head.Length;
        if (length != frame.Length || length < ShortestPlain || !frame.Offload.IsNone)
            return false;

        // SAFETY: a slot has room for the headroom and the copy, which reaches to the IP header's end in a packet that is plain.
        int at = (index * SlotLength) + Headroom - EthernetView.MinHeaderLength;
        byte* ethernet = _slotsStart + at;
        length = Copy((byte*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(head)), ethernet, length);
        int header = EthernetView.MinHeaderLength;
        ushort type = Unsafe.ReadUnaligned<ushort>(ethernet + header - sizeof(ushort));
        if (type == BinaryPrimitives.ReverseEndianness((ushort)EtherType.CustomerVlan))
        {
            link = Find(BinaryPrimitives.ReverseEndianness(Unsafe.ReadUnaligned<ushort>(ethernet + header)) & VlanMask);
            header = TaggedHeader;
            type = Unsafe.ReadUnaligned<ushort>(ethernet + header - sizeof(ushort));
        }

        if (link is not { IsScreened: false, IsUp: true } || ((Unsafe.ReadUnaligned<ulong>(ethernet) ^ link.MacBits) & StationMask) != 0)
            return false;
        byte* network = ethernet + header;
        if (type == BinaryPrimitives.ReverseEndianness((ushort)EtherType.Ipv4))
        {
            if (length < header + Ipv4View.MinHeaderLength || !IsPlainV4(network, frame.Length - header, ref item))
                return false;
        }
        else if (type != BinaryPrimitives.ReverseEndianness((ushort)EtherType.Ipv6) || length < header + Ipv6View.MinHeaderLength
            || !link.Options.UseV6 || !IsPlainV6(network, frame.Length - header, ref item))
        {
            return false;
        }

        if (item.In != link)
            item.In = link;
        item.Frame = index;
        item.Network = at + header;
        item.End = at + length;
        item.LinkHeader = header;
        item.IsWhole = header + item.Length <= length;
        if (link != _counted)
            CountReceived(link);
        _countedFrames++;
        _countedBytes += frame.Length;
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool IsPlainV4(byte* network, int room, ref PacketItem item)
    {
        ulong first = Unsafe.ReadUnaligned<ulong>(network);
        ulong second = Unsafe.ReadUnaligned<ulong>(network + 8);
        uint third = Unsafe.ReadUnaligned<uint>(network + 16);
        int total = BinaryPrimitives.ReverseEndianness((ushort)(first >> 16));
        uint source = BinaryPrimitives.ReverseEndianness((uint)(second >> 32));
        uint destination = BinaryPrimitives.ReverseEndianness(third);
        IpAddress address = IpAddress.FromV4(destination);
        if ((byte)first != 0x45 || total < Ipv4View.MinHeaderLength || total > room || !IsChecksumRight(first, second, third)
            || !IsPlain(source) || !IsPlain(destination) || _local.MayHave(address))
        {
            return false;
        }

        item.Length = total;
        item.IsV4 = true;
        item.Destination = address;
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool IsPlainV6(byte* network, int room, ref PacketItem item)
    {
        int total = Ipv6View.MinHeaderLength + BinaryPrimitives.ReverseEndianness(Unsafe.ReadUnaligned<ushort>(network + 4));
        ulong source = BinaryPrimitives.ReverseEndianness(Unsafe.ReadUnaligned<ulong>(network + 8));
        ulong high = BinaryPrimitives.ReverseEndianness(Unsafe.ReadUnaligned<ulong>(network + 24));
        ulong low = BinaryPrimitives.ReverseEndianness(Unsafe.ReadUnaligned<ulong>(network + 32));
        IpAddress address = IpAddress.FromV6(new UInt128(high, low));
        if (network[0] >> 4 != 6 || total > room || !IsPlain(source) || !IsPlain(high) || _local.MayHave(address))
            return false;
        item.Length = total;
        item.IsV4 = false;
        item.Destination = address;
        return true;
    }

    /// <summary>True for IPv4 addresses of single stations that mean the same everywhere.</summary>
    private static bool IsPlain(uint address) => address - 0x0100_0000 < 0xDF00_0000 && address >> 24 != 127 && address >> 16 != 0xA9FE;

    /// <summary>True for the upper half of such IPv6 addresses: not 0, which some special ones have, not from fe80:: on.</summary>
    private static bool IsPlain(ulong high) => high - 1 < 0xFE80_0000_0000_0000 - 1;

    private static bool IsChecksumRight(ulong first, ulong second, uint third)
    {
        ulong sum = (first & uint.MaxValue) + (first >> 32) + (second & uint.MaxValue) + (second >> 32) + third;
        sum = (sum & uint.MaxValue) + (sum >> 32);
        sum = (sum & ushort.MaxValue) + (sum >> 16);
        sum = (sum & ushort.MaxValue) + (sum >> 16);
        return (ushort)(sum + (sum >> 16)) == ushort.MaxValue;
    }

    /// <summary>Copies the beginning of a frame, at least 32 bytes.</summary>
    /// <returns>How many.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Copy(byte* from, byte* to, int length)
    {
        // Two halves that may overlap, each of a size that the processor moves at once.
        if (length < 64)
        {
            Vector256.Load(from).Store(to);
            Vector256.Load(from + length - 32).Store(to + length - 32);
            return length;
        }

        length = Math.Min(length, Copied);
        Vector256.Load(from).Store(to);
        Vector256.Load(from + 32).Store(to + 32);
        if (length == 64)
            return length;
        Vector256.Load(from + length - 64).Store(to + length - 64);
        Vector256.Load(from + length - 32).Store(to + length - 32);
        return length;
    }
}
