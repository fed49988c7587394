using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using Fabric.Link;
using Fabric.Routing.Fib;
using Fabric.Routing.Neighbors;
using Fabric.Wire;

namespace Fabric.Routing.Forwarding;

// Open ways
//
// Where an entry leads to a link's own stations, to several gateways of equal cost, or out past an access list, its packets do not have
// all in common. What they have is settled once a burst: the entry, and which of its interfaces are up. The rest each packet finds for
// itself, by the shortest way there is: its draw among the next hops, its neighbour in the table of neighbours. No neighbour is
// remembered here, so there is nothing to be taken back when one goes, moves or is forgotten: a packet that finds none, or one that
// wants to be told of its use, goes the long way round.

/// <content>Ways whose packets find their neighbours by themselves.</content>
internal sealed unsafe partial class PortPath
{
    private const int ProtocolV4 = 9;
    private const int NextHeader = 6;

    /// <summary>Keeps an entry whose packets find their neighbours by themselves.</summary>
    private void RememberOpen(uint number, long generation, ForwardingEntry entry)
    {
        ref Way way = ref _ways[number % Ways];
        way.Number = number;
        way.Burst = _burst;
        way.Generation = generation;
        way.Open = entry;
        way.Usable = Usable(entry);

        // No packet is short enough for the way of a gateway.
        way.Mtu = -1;
        way.Neighbor = null;
        way.Link = null;
    }

    /// <summary>Makes a packet ready to leave by an open way.</summary>
    /// <returns>False when it must go the long way round; nothing has been done to it.</returns>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool TryFind(ForwardingEntry entry, uint usable, in PacketItem item, in Frame frame)
    {
        int place = entry.Lots is { Length: > 0 } lots ? EqualPaths.Choose(Flow(in item), lots, usable) : 0;
        ref readonly NextHop hop = ref entry.NextHops[place];
        LogicalInterface link = _links[hop.Interface]!;
        bool isOnLink = (entry.OnLink >> place & 1) != 0;
        if (item.Length > link.Mtu || HopLimit(in item) <= 1 || _neighbors.Find(link, isOnLink ? item.Destination : hop.Gateway) is not { } neighbor)
            return false;
        ulong word = neighbor.Word;
        if ((word & (Neighbor.Usable | Neighbor.TellUse)) != Neighbor.Usable)
            return false;
        if (link.AccessOut is { } list && !Passes(list, in item, in frame))
            return true;
        if (!neighbor.IsUsed)
            neighbor.IsUsed = true;
        Rewrite(in item, link, word);
        if (item.IsWhole)
            Leave(new Frame(_slotsStart + item.Network - link.HeaderLength, link.HeaderLength + item.Length), link);
        else
            Leave(Make(in item, in frame, frame.Offload, link), link);
        return true;
    }

    /// <summary>The flow of a packet as a number (<see cref="EqualPaths"/>): read at once where there are neither options nor pieces.</summary>
    private ulong Flow(in PacketItem item)
    {
        // SAFETY: a slot holds the IP header, and of what is behind it no more is looked at than was copied.
        byte* network = _slotsStart + item.Network;
        int room = Math.Min(item.End - item.Network, item.Length);
        if (item.IsV4)
        {
            IpProtocol protocol = (IpProtocol)network[ProtocolV4];
            bool isPiece = (Unsafe.ReadUnaligned<ushort>(network + FlagsV4) & BinaryPrimitives.ReverseEndianness(AnyFragment)) != 0;
            uint source = BinaryPrimitives.ReverseEndianness(Unsafe.ReadUnaligned<uint>(network + 12));
            if (network[0] == 0x45 && !isPiece && HasPorts(protocol, room - Ipv4View.MinHeaderLength))
                return EqualPaths.Flow(source, item.Destination.V4, protocol, Ports(network + Ipv4View.MinHeaderLength), _flowSeed);
        }
        else
        {
            IpProtocol next = (IpProtocol)network[NextHeader];
            ulong high = BinaryPrimitives.ReverseEndianness(Unsafe.ReadUnaligned<ulong>(network + 8));
            ulong low = BinaryPrimitives.ReverseEndianness(Unsafe.ReadUnaligned<ulong>(network + 16));
            if (HasPorts(next, room - Ipv6View.MinHeaderLength))
                return EqualPaths.Flow(new UInt128(high, low), item.Destination.Bits, next, Ports(network + Ipv6View.MinHeaderLength), _flowSeed);
        }

        return EqualPaths.Flow(Fields(in item), _flowSeed);
    }

    private static bool HasPorts(IpProtocol protocol, int room) =>
        protocol == IpProtocol.Tcp ? room >= TcpView.MinHeaderLength : protocol == IpProtocol.Udp && room >= UdpView.HeaderLength;

    private static uint Ports(byte* transport) => BinaryPrimitives.ReverseEndianness(Unsafe.ReadUnaligned<uint>(transport));
}
