using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Fabric.Link;
using Fabric.Routing.Fib;
using Fabric.Routing.Neighbors;

namespace Fabric.Routing.Forwarding;

// Ways
//
// A table of a million prefixes has a few dozen entries, and most packets go through the same few gateways. Once the long way round
// (PortPath.Turn) has led a packet out through a gateway that is known, by an interface that asks nothing, others with the same entry
// go along: one comparison, a header that lies ready, one from the hop limit. Nobody takes a way back when a neighbour, an interface or
// a route changes: the first packet of a burst that comes to it looks whether all is as it was. Where packets with the same entry do
// not all go through one gateway, the way is an open one (PortPath.Open.cs).
//
// Entries are compared by their numbers. A number means the same entry as long as the generation of the table stays as it was before
// the first look-up of the burst; where it does not, every packet asks the table by itself.

/// <content>Finding all destinations, and going the way of a packet before.</content>
internal sealed unsafe partial class PortPath
{
    private const int Ways = 64;
    private readonly Way[] _ways = new Way[Ways];
    private long _burst = 1;

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void LookUp(Span<PacketItem> items)
    {
        ForwardingTable table = _table;
        foreach (ref PacketItem item in items)
            item.Number = item.IsV4 ? table.FindNumber(item.Destination.V4) : table.FindNumber(item.Destination.Bits);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void Turn(ReadOnlySpan<PacketItem> items, ReadOnlySpan<Frame> frames, long generation)
    {
        _burst++;
        foreach (ref readonly PacketItem item in items)
        {
            ref Way way = ref _ways[item.Number % Ways];
            ref readonly Frame frame = ref frames[item.Frame];
            bool isHeld = way.Number == item.Number && (way.Burst == _burst || Renew(ref way, generation));
            if (isHeld && item.Length <= way.Mtu && HopLimit(in item) > 1)
                Follow(in way, in item, in frame);
            else if (!isHeld || way.Open is not { } entry || !TryFind(entry, way.Usable, in item, in frame))
                TurnAlone(in item, in frame, generation);
        }
    }

    private void TurnAlone(in PacketItem item, in Frame frame, long generation)
    {
        if (_table.TryGet(generation, item.Number, out ForwardingEntry? entry))
            Turn(in item, in frame, entry, generation);
        else
            Turn(in item, in frame, item.IsV4 ? _table.Find(item.Destination.V4) : _table.Find(item.Destination.Bits), null);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Follow(in Way way, in PacketItem item, in Frame frame)
    {
        // SAFETY: there are 18 bytes of headroom in front of an IP header, and at least 20 behind its start.
        byte* network = _slotsStart + item.Network;
        Unsafe.WriteUnaligned(network - TaggedHeader, way.Front);
        way.Header.Store(network - Vector128<byte>.Count);
        Age(network, item.IsV4);
        if (item.IsWhole)
            Leave(new Frame(network - way.HeaderLength, way.HeaderLength + item.Length), way.Link!);
        else
            Leave(Make(in item, in frame, frame.Offload, way.Link!), way.Link!);
    }

    /// <summary>Looks whether a way of an earlier burst still holds.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool Renew(ref Way way, long generation)
    {
        if (way.Generation != generation || !_table.TryGet(generation, way.Number, out _))
            return false;
        if (way.Open is { } entry)
        {
            way.Usable = Usable(entry);
            if (way.Usable == 0)
                return false;
            way.Burst = _burst;
            return true;
        }

        if (way.Neighbor is not { IsRemoved: false } neighbor || neighbor.Word != way.Word || Usable(way.Link!.Index) != way.Link)
            return false;
        if (!neighbor.IsUsed)
            neighbor.IsUsed = true;
        way.Burst = _burst;
        return true;
    }

    /// <summary>Keeps where a packet went, whose new headers stand in its slot.</summary>
    /// <param name="item">The packet.</param>
    /// <param name="generation">Of the table.</param>
    /// <param name="link">Where it leaves.</param>
    /// <param name="neighbor">The gateway.</param>
    /// <param name="word">What is known of it.</param>
    private void Remember(in PacketItem item, long generation, LogicalInterface link, Neighbor neighbor, ulong word)
    {
        byte* network = _slotsStart + item.Network;
        ref Way way = ref _ways[item.Number % Ways];
        way.Number = item.Number;
        way.Burst = _burst;
        way.Generation = generation;
        way.Open = null;
        way.Link = link;
        way.Neighbor = neighbor;
        way.Word = word;
        way.Mtu = link.Mtu;
        way.HeaderLength = link.HeaderLength;
        way.Front = Unsafe.ReadUnaligned<ulong>(network - TaggedHeader);
        way.Header = Vector128.Load(network - Vector128<byte>.Count);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private byte HopLimit(in PacketItem item) => _slotsStart[item.Network + (item.IsV4 ? HopLimitV4 : HopLimitV6)];
}
