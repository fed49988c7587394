using Fabric.Link;
using Fabric.Wire;

namespace Fabric.Hosts;

/// <summary>The way down: IP header, pieces, next hop, Ethernet header, link.</summary>
/// <remarks>A packet is made in the thread's scratch room: the caller writes everything from the transport header on to
/// <see cref="Transport"/>, and the headers go in front of it. A packet that is too long is cut in place: the header of a piece is
/// written over the end of the piece before, which is on its way already.</remarks>
internal sealed unsafe class PacketOutput(HostStack stack, IFrameOutlet outlet)
{
    internal const byte DefaultHopLimit = 64;

    private const ushort DontFragment = 0x4000;
    private uint _identification = (uint)stack.Random.Next();

    /// <summary>Where the present packet's transport header starts. The same room for every packet of the thread.</summary>
    internal static Span<byte> Transport => Scratch.Current.Made.AsSpan(Scratch.Headroom);

    /// <summary>Unfinished frames that may leave.</summary>
    internal FrameOffloads Accepts => outlet.Accepts;

    /// <summary>True while a burst would find room on its way out.</summary>
    internal bool HasRoom => outlet.HasRoom;

    /// <summary>Longest IP packet of one frame; what a router or a DHCP server has told counts from then on.</summary>
    internal int Mtu { get; private set; } = stack.Options.Mtu;

    /// <summary>Takes a link's MTU over, if it is possible and not above the configured one.</summary>
    internal void LowerMtu(int mtu)
    {
        if (mtu >= 576 && mtu < stack.Options.Mtu)
            Mtu = mtu;
    }

    /// <summary>Sends what stands at <see cref="Transport"/>, whose checksum field is 0.</summary>
    /// <param name="source">An address of ours, or unspecified.</param>
    /// <param name="destination">Where to.</param>
    /// <param name="protocol">What it is.</param>
    /// <param name="length">Bytes from the transport header on.</param>
    /// <param name="hopLimit">Routers it may pass.</param>
    /// <param name="dontFragment">Must not be cut, here or on the way.</param>
    /// <param name="segmentSize">Payload bytes a segment of a TCP or UDP super-frame; 0 for an ordinary packet.</param>
    /// <returns>False when there is no way to send it; counted.</returns>
    internal bool Send(
        IpAddress source, IpAddress destination, IpProtocol protocol, int length, byte hopLimit = DefaultHopLimit, bool dontFragment = false, int segmentSize = 0)
    {
        int header = source.IsV4 ? Ipv4View.MinHeaderLength : Ipv6View.MinHeaderLength;
        bool whole = header + length <= Mtu || segmentSize != 0;
        if ((!whole && dontFragment) || header + length > ushort.MaxValue)
        {
            stack.Drop(HostDrop.Oversized);
            return false;
        }

        if (!TryFindNextHop(destination, out IpAddress nextHop))
        {
            stack.Drop(HostDrop.NoRoute);
            return false;
        }

        bool partial = whole && protocol is IpProtocol.Tcp or IpProtocol.Udp && (Accepts & FrameOffloads.Checksum) != 0;
        Span<byte> transport = Transport[..length];
        if (partial)
            HeaderWriter.StorePartialChecksum(transport, source, destination, protocol);
        else
            HeaderWriter.StoreChecksum(transport, source, destination, protocol);
        if (!whole)
        {
            SendPieces(source, destination, nextHop, protocol, length, hopLimit);
            return true;
        }

        Span<byte> packet = Room(-header, header);
        if (source.IsV4)
            HeaderWriter.V4(packet, source, destination, protocol, length, hopLimit, (ushort)++_identification, dontFragment ? DontFragment : (ushort)0);
        else
            HeaderWriter.V6(packet, source, destination, protocol, length, hopLimit);
        SendPacket(-header, header + length, nextHop, partial ? PartialOffload(source.IsV4, protocol, header, segmentSize) : default);
        return true;
    }

    /// <summary>Writes an Ethernet header with this host's address and tag.</summary>
    internal int WriteEthernet(Span<byte> frame, MacAddress destination, EtherType type) =>
        HeaderWriter.Ethernet(frame, destination, stack.Options.Mac, type, (ushort?)stack.Options.Vlan);

    /// <summary>Hands a frame to the link.</summary>
    internal void Transmit(ReadOnlySpan<byte> frame, in FrameOffload offload)
    {
        stack.Counters.AddSent();
        fixed (byte* bytes = frame)
        {
            outlet.Send(new Frame(bytes, frame.Length, offload));
        }
    }

    private static Span<byte> Room(int offset, int length) => Scratch.Current.Made.AsSpan(Scratch.Headroom + offset, length);

    private bool TryFindNextHop(IpAddress destination, out IpAddress nextHop)
    {
        nextHop = destination;
        if (destination.IsMulticast || destination == IpAddress.BroadcastV4 || stack.Addresses.IsSubnetBroadcast(destination))
            return true;
        return !stack.Addresses.IsOwn(destination) && !destination.IsUnspecified && !destination.IsLoopback && stack.Addresses.TryNextHop(destination, out nextHop);
    }

    private void SendPieces(IpAddress source, IpAddress destination, IpAddress nextHop, IpProtocol protocol, int length, byte hopLimit)
    {
        int header = HeaderWriter.FragmentLength(source.IsV4);
        int room = (Mtu - header) & ~7;
        uint identification = ++_identification;
        for (int offset = 0; offset < length; offset += room)
        {
            int size = Math.Min(room, length - offset);
            HeaderWriter.Fragment(Room(offset - header, header), source, destination, protocol, offset, size, offset + size < length, hopLimit, identification);
            SendPacket(offset - header, header + size, nextHop, default);
        }
    }

    private void SendPacket(int offset, int length, IpAddress nextHop, FrameOffload offload)
    {
        int ethernet = stack.Options.Vlan is null ? EthernetView.MinHeaderLength : EthernetView.MinHeaderLength + 4;
        Span<byte> frame = Room(offset - ethernet, ethernet + length);
        if (offload.Flags != OffloadFlags.None)
            offload.ChecksumStart += (ushort)ethernet;
        bool known = TryFindMac(nextHop, out MacAddress mac);
        WriteEthernet(frame, mac, nextHop.IsV4 ? EtherType.Ipv4 : EtherType.Ipv6);
        if (known)
        {
            Transmit(frame, offload);
            return;
        }

        fixed (byte* bytes = frame)
        {
            stack.Neighbors.Hold(nextHop, new Frame(bytes, frame.Length, offload));
        }
    }

    private bool TryFindMac(IpAddress nextHop, out MacAddress mac)
    {
        if (nextHop.IsMulticast)
            mac = nextHop.GroupMac;
        else if (nextHop == IpAddress.BroadcastV4 || stack.Addresses.IsSubnetBroadcast(nextHop))
            mac = MacAddress.Broadcast;
        else
            return stack.Neighbors.TryUse(nextHop, out mac);
        return true;
    }

    private static FrameOffload PartialOffload(bool v4, IpProtocol protocol, int header, int segmentSize)
    {
        FrameOffload offload = new()
        {
            Flags = OffloadFlags.NeedsChecksum,
            ChecksumStart = (ushort)header,
            ChecksumOffset = (ushort)HeaderWriter.ChecksumOffset(protocol),
        };
        if (segmentSize == 0)
            return offload;
        offload.Gso = protocol == IpProtocol.Udp ? GsoType.UdpL4 : v4 ? GsoType.TcpV4 : GsoType.TcpV6;
        offload.GsoSize = (ushort)segmentSize;
        return offload;
    }
}
