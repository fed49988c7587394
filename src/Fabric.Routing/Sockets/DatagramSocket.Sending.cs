using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Fabric.Link;
using Fabric.Routing.Acl;
using Fabric.Routing.Fib;
using Fabric.Routing.Forwarding;
using Fabric.Routing.Neighbors;
using Fabric.Wire;

namespace Fabric.Routing.Sockets;

/// <content>The way out.</content>
public sealed unsafe partial class DatagramSocket
{
    private const int Burst = IPort.MaxBurst;

    /// <summary>Room in front of the IP header for the Ethernet header.</summary>
    private const int Headroom = 32;
    private const int SlotLength = 384;
    private const int MostPieces = 1024;
    private const int MostPiecesEach = 128;
    private const ushort DontFragment = 0x4000;
    private const ulong MacMask = 0xFFFF_FFFF_FFFF;

    private readonly Lock _sending = new();
    private readonly byte[] _slots = GC.AllocateArray<byte>(Burst * SlotLength, pinned: true);
    private readonly FrameSegment[] _pieces = GC.AllocateArray<FrameSegment>(MostPieces, pinned: true);
    private readonly byte* _slotsStart;
    private readonly FrameSegment* _piecesStart;
    private readonly Frame[] _ready = new Frame[Burst];
    private readonly OffloadCompleter _completer = new();
    private int _readyCount;
    private int _pieceCount;
    private long _readyBytes;
    private bool _isUnfinished;
    private LogicalInterface? _readyLink;

    // The way of the datagram before, in the same burst.
    private IpAddress _wayTo;
    private ushort _wayFrom;
    private bool _wayIsShared;
    private int _wayMtu;
    private LogicalInterface? _way;
    private IpAddress _wayNext;
    private ulong _wayWord;

    /// <summary>Sends datagrams. Those of one source port and destination keep their order.</summary>
    /// <param name="datagrams">Any number.</param>
    /// <param name="counters">Where what cannot be sent is counted: <see cref="DropReason.Oversized"/> for what the way does not carry
    /// whole, <see cref="DropReason.LinkDown"/> where there is no way, <see cref="DropReason.NoBuffer"/> for one in too many pieces.</param>
    /// <param name="bytes">Bytes of the payloads that left.</param>
    /// <returns>Number of datagrams that left.</returns>
    public int Send(ReadOnlySpan<OutgoingDatagram> datagrams, PortCounters counters, out long bytes)
    {
        bytes = 0;
        int left = 0;
        lock (_sending)
        {
            if (Volatile.Read(ref _closed) || _control.Local.Find(Local) != LocalKind.Own)
            {
                counters.AddTransmitDrops(DropReason.LinkDown, datagrams.Length);
                return 0;
            }

            _wayTo = default;
            foreach (ref readonly OutgoingDatagram datagram in datagrams)
            {
                if (Prepare(in datagram) is { } reason)
                {
                    counters.AddTransmitDrops(reason);
                    continue;
                }

                left++;
                bytes += datagram.Payload.Length;
            }

            Give();
        }

        return left;
    }

    /// <summary>The largest IP packet, header included, that reaches an address whole, as far as is known now.</summary>
    /// <param name="destination">Of the family of <see cref="Local"/>.</param>
    /// <returns>Bytes; 0 when there is no way there.</returns>
    public int MtuTo(IpAddress destination)
    {
        if (destination.IsV4 != Local.IsV4 || Find(destination) is not { Kind: RouteKind.Unicast } entry)
            return 0;
        int least = int.MaxValue;
        foreach (NextHop hop in entry.NextHops)
            least = Usable(hop.Interface) is { } link ? Math.Min(least, link.Mtu) : least;
        return least == int.MaxValue ? 0 : Math.Min(least, _control.PathMtus.Find(destination));
    }

    /// <summary>The same as far as the first link is concerned, whatever routers beyond it have said.</summary>
    internal int FirstMtuTo(IpAddress destination) => FirstLinkTo(destination, out _)?.Mtu ?? 0;

    /// <summary>Where packets to an address leave; of several equal ways, one of them.</summary>
    internal LogicalInterface? FirstLinkTo(IpAddress destination, out IpAddress nextHop)
    {
        nextHop = destination;
        if (destination.IsV4 != Local.IsV4 || Find(destination) is not { Kind: RouteKind.Unicast } entry)
            return null;
        foreach (NextHop hop in entry.NextHops)
        {
            if (Usable(hop.Interface) is not { } link)
                continue;
            nextHop = hop.IsOnLink ? destination : hop.Gateway;
            return link;
        }

        return null;
    }

    private DropReason? Prepare(in OutgoingDatagram datagram)
    {
        Frame payload = datagram.Payload;
        int header = Local.IsV4 ? Ipv4View.MinHeaderLength : Ipv6View.MinHeaderLength;
        int udpLength = UdpView.HeaderLength + payload.Length;
        if (header + udpLength > ushort.MaxValue)
            return DropReason.Oversized;
        if (payload.Rest.Length >= MostPiecesEach)
            return DropReason.NoBuffer;
        if (TryAppend(in datagram))
            return null;
        CloseTrain();
        if (_readyCount == Burst || _pieceCount + MostPiecesEach > MostPieces)
            Give();
        int slot = (_readyCount * SlotLength) + Headroom;
        Span<byte> packet = _slots.AsSpan(slot, header + UdpView.HeaderLength);
        WriteHeaders(packet, in datagram, header, udpLength);
        if (!TryFindWay(in datagram, packet))
            return DropReason.LinkDown;
        LogicalInterface link = _way!;
        if (header + udpLength > _wayMtu)
            return DropReason.Oversized;
        if (_readyLink != link && _readyCount != 0)
        {
            // The slot is in use by nobody yet: it moves to the first place.
            Give();
            packet.CopyTo(_slots.AsSpan(Headroom));
            slot = Headroom;
        }

        _readyLink = link;
        Frame frame = Make(link, in payload, slot, header);
        if ((_wayWord & Neighbor.Usable) == 0)
        {
            _router.Hold(link, _wayNext, in frame);
            _wayTo = default;
            return null;
        }

        _ready[_readyCount++] = frame;
        _readyBytes += frame.Length;
        _isUnfinished |= !frame.Offload.IsNone;
        _train.Begin(in datagram, slot, header, _pieceCount);
        return null;
    }

    private void WriteHeaders(Span<byte> packet, in OutgoingDatagram datagram, int header, int udpLength)
    {
        byte trafficClass = (byte)(_options.DifferentiatedServices << 2);
        if (Local.IsV4)
            HeaderWriter.V4(packet, Local, datagram.Destination, IpProtocol.Udp, udpLength, _options.TimeToLive, 0, DontFragment, trafficClass);
        else
            HeaderWriter.V6(packet, Local, datagram.Destination, IpProtocol.Udp, udpLength, _options.TimeToLive, trafficClass);
        Span<byte> udp = packet[header..];
        BinaryPrimitives.WriteUInt16BigEndian(udp, datagram.SourcePort);
        BinaryPrimitives.WriteUInt16BigEndian(udp[2..], datagram.Port);
        BinaryPrimitives.WriteUInt16BigEndian(udp[UdpView.LengthOffset..], (ushort)udpLength);
        ushort sum = 0;
        if (_options.Checksums)
        {
            ReadOnlySpan<byte> addresses = Local.IsV4 ? packet.Slice(12, 8) : packet.Slice(8, 32);
            sum = (ushort)~InternetChecksum.Finish(InternetChecksum.PseudoHeader(addresses, IpProtocol.Udp, udpLength));
        }

        BinaryPrimitives.WriteUInt16BigEndian(udp[UdpView.ChecksumOffset..], sum);
    }

    private bool TryFindWay(in OutgoingDatagram datagram, ReadOnlySpan<byte> packet)
    {
        if (datagram.Destination == _wayTo && (!_wayIsShared || datagram.SourcePort == _wayFrom))
            return true;
        if (Find(datagram.Destination) is not { Kind: RouteKind.Unicast } entry || !TryChoose(entry, packet, out NextHop hop))
            return false;
        LogicalInterface link = Usable(hop.Interface)!;
        _way = link;
        _wayFrom = datagram.SourcePort;
        _wayIsShared = entry.NextHops.Length > 1;
        _wayNext = hop.IsOnLink ? datagram.Destination : hop.Gateway;
        _wayMtu = Math.Min(link.Mtu, _control.PathMtus.Find(datagram.Destination));
        Neighbor? neighbor = _control.Neighbors.Find(link, _wayNext);
        _wayWord = neighbor?.Word ?? 0;
        if ((_wayWord & Neighbor.Usable) == 0)
            return true;
        if ((_wayWord & Neighbor.TellUse) != 0)
            _router.Use(neighbor!);
        neighbor!.IsUsed = true;
        _wayTo = datagram.Destination;
        return true;
    }

    private ForwardingEntry? Find(IpAddress destination) => destination.IsV4 ? _control.Table.Find(destination.V4) : _control.Table.Find(destination.Bits);

    private bool TryChoose(ForwardingEntry entry, ReadOnlySpan<byte> packet, out NextHop hop)
    {
        NextHop[] hops = entry.NextHops;
        uint usable = 0;
        for (int place = 0; place < hops.Length; place++)
            usable |= Usable(hops[place].Interface) is null ? 0 : 1U << place;
        int chosen = hops.Length > 1 && usable != 0 ? EqualPaths.Choose(EqualPaths.Flow(new PacketFields(packet), (ulong)_control.Options.Seed), entry.Lots, usable) : 0;
        hop = hops[chosen];
        return usable != 0;
    }

    /// <summary>Whether a port leads to the tunnels that the socket carries.</summary>
    private bool Leads(IPort port)
    {
        foreach (IPort avoided in Volatile.Read(ref _avoided))
        {
            if (avoided == port)
                return true;
        }

        return false;
    }

    private LogicalInterface? Usable(int index)
    {
        LogicalInterface?[] links = _control.ByIndex;
        LogicalInterface? link = (uint)index < (uint)links.Length ? links[index] : null;
        return link is { IsUp: true, Port: { } port } && !Leads(port) ? link : null;
    }

    /// <summary>Makes the frame: Ethernet header in front of the headers that stand in a slot, the first bytes of the payload behind them, and
    /// views of the rest.</summary>
    private Frame Make(LogicalInterface link, in Frame payload, int slot, int header)
    {
        // SAFETY: the headroom holds any Ethernet header; the slots are pinned.
        byte* network = _slotsStart + slot;
        byte* ethernet = network - link.HeaderLength;
        Unsafe.WriteUnaligned(ethernet, (_wayWord & MacMask) | (link.MacBits << 48));
        Unsafe.WriteUnaligned(ethernet + 8, (uint)(link.MacBits >> 16));
        if (link.Vlan != 0)
            Unsafe.WriteUnaligned(ethernet + 12, BinaryPrimitives.ReverseEndianness(((uint)EtherType.CustomerVlan << 16) | (uint)link.Vlan));
        Unsafe.WriteUnaligned(network - 2, BinaryPrimitives.ReverseEndianness((ushort)(Local.IsV4 ? EtherType.Ipv4 : EtherType.Ipv6)));
        int headers = link.HeaderLength + header + UdpView.HeaderLength;
        int inSlot = headers;
        int first = _pieceCount;
        ReadOnlySpan<byte> head = payload.Head;
        if (slot + header + UdpView.HeaderLength + head.Length <= ((_readyCount + 1) * SlotLength))
        {
            head.CopyTo(new Span<byte>(ethernet + headers, head.Length));
            inSlot += head.Length;
        }
        else if (!head.IsEmpty)
        {
            AddPiece(head);
        }

        foreach (FrameSegment segment in payload.Rest)
            _pieces[_pieceCount++] = segment;
        FrameOffload offload = !_options.Checksums ? default : new FrameOffload
        {
            Flags = OffloadFlags.NeedsChecksum,
            ChecksumStart = (ushort)(link.HeaderLength + header),
            ChecksumOffset = UdpView.ChecksumOffset,
        };
        return new Frame(ethernet, inSlot, _piecesStart + first, _pieceCount - first, headers + payload.Length, offload);
    }

    // SAFETY: who sends keeps the payload where it is during the call.
    private void AddPiece(ReadOnlySpan<byte> bytes) =>
        _pieces[_pieceCount++] = new FrameSegment((nint)Unsafe.AsPointer(ref MemoryMarshal.GetReference(bytes)), bytes.Length);

    /// <summary>Hands on what is ready.</summary>
    private void Give()
    {
        int count = _readyCount;
        if (count != 0)
        {
            CloseTrain();
            LogicalInterface link = _readyLink!;
            ReadOnlySpan<Frame> frames = _ready.AsSpan(0, count);
            if (_isUnfinished)
                _completer.Transmit(link.Port!, frames);
            else
                link.Port!.Transmit(frames);
            link.CountSent(count, _readyBytes);
            Sent.AddOriginated(count + _joined);
        }

        _joined = 0;

        _readyCount = 0;
        _readyBytes = 0;
        _pieceCount = 0;
        _isUnfinished = false;
    }
}
