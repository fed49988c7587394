using Fabric.Link;
using Fabric.Routing.Fib;
using Fabric.Routing.Forwarding;
using Fabric.Routing.Neighbors;
using Fabric.Wire;

namespace Fabric.Routing.Local;

/// <summary>The way down for what the router itself sends: route, source, IP header, pieces, neighbour, Ethernet.</summary>
internal sealed unsafe class PacketOutput(RouterControl control)
{
    internal const byte DefaultHopLimit = 64;

    private uint _identification = (uint)control.Random.Next();
    private OffloadCompleter? _completer;

    /// <summary>Where the caller writes what follows the IP header, before <see cref="Send"/>.</summary>
    /// <param name="length">Bytes.</param>
    internal static Span<byte> Room(int length) => At(0, length);

    /// <summary>Sends what the caller has written to <see cref="Room"/>, its checksum in place.</summary>
    /// <param name="source">Address of this router.</param>
    /// <param name="destination">Whom it is for.</param>
    /// <param name="protocol">What it is.</param>
    /// <param name="length">Bytes from the transport header on.</param>
    /// <param name="hopLimit">Routers it may pass.</param>
    /// <param name="via">The interface, where the destination is on its link; null to ask the routes.</param>
    /// <param name="trafficClass">DSCP and ECN.</param>
    /// <param name="station">Ethernet address of the next hop, where it is known already; not for packets that need more than one piece.</param>
    /// <returns>False when there is no way.</returns>
    internal bool Send(
        IpAddress source, IpAddress destination, IpProtocol protocol, int length, byte hopLimit = DefaultHopLimit, LogicalInterface? via = null, byte trafficClass = 0,
        MacAddress? station = null)
    {
        IpAddress nextHop = destination;
        LogicalInterface? link = via ?? FindWay(destination, out nextHop);
        if (link is null || link.Port is null || !link.IsUp)
            return false;
        if (via is not null)
            nextHop = destination;
        bool v4 = source.IsV4;
        int header = v4 ? Ipv4View.MinHeaderLength : Ipv6View.MinHeaderLength;
        if (header + length > link.Mtu)
        {
            SendPieces(link, nextHop, source, destination, protocol, length, hopLimit);
            return true;
        }

        Span<byte> packet = At(-header, header);
        if (v4)
            HeaderWriter.V4(packet, source, destination, protocol, length, hopLimit, (ushort)++_identification, 0, trafficClass);
        else
            HeaderWriter.V6(packet, source, destination, protocol, length, hopLimit, trafficClass);
        SendPacket(link, nextHop, -header, header + length, station);
        return true;
    }

    /// <summary>Sends what the caller has written to <see cref="Room"/>, its checksum in place, in one piece that nobody may cut
    /// (RFC 1191, 3).</summary>
    /// <param name="source">Address of this router.</param>
    /// <param name="destination">Whom it is for.</param>
    /// <param name="protocol">What it is.</param>
    /// <param name="length">Bytes from the transport header on.</param>
    /// <param name="link">Where it leaves.</param>
    /// <param name="nextHop">The station there that takes it.</param>
    /// <returns>False when the interface takes no packet of that length.</returns>
    internal bool SendWhole(IpAddress source, IpAddress destination, IpProtocol protocol, int length, LogicalInterface link, IpAddress nextHop)
    {
        const ushort DontFragment = 0x4000;
        int header = source.IsV4 ? Ipv4View.MinHeaderLength : Ipv6View.MinHeaderLength;
        if (header + length > link.Mtu)
            return false;
        Span<byte> packet = At(-header, header);
        if (source.IsV4)
            HeaderWriter.V4(packet, source, destination, protocol, length, DefaultHopLimit, (ushort)++_identification, DontFragment);
        else
            HeaderWriter.V6(packet, source, destination, protocol, length, DefaultHopLimit);
        SendPacket(link, nextHop, -header, header + length);
        return true;
    }

    /// <summary>The interface and the next hop of a destination; null when there is no way.</summary>
    internal LogicalInterface? FindWay(IpAddress destination, out IpAddress nextHop)
    {
        nextHop = destination;
        ForwardingEntry? entry = destination.IsV4 ? control.Table.Find(destination.V4) : control.Table.Find(destination.Bits);
        if (entry is not { Kind: RouteKind.Unicast })
            return null;
        foreach (NextHop hop in entry.NextHops)
        {
            if (control.Find(hop.Interface) is not { IsUp: true } link)
                continue;
            nextHop = hop.IsOnLink ? destination : hop.Gateway;
            return link;
        }

        return null;
    }

    /// <summary>The address that a packet of the router's own is sent from (RFC 1812, 4.3.2.4; RFC 6724 in short): of the interface it leaves by, in the destination's
    /// network where there is one, else of any.</summary>
    internal bool TrySource(LogicalInterface link, IpAddress destination, out IpAddress source)
    {
        source = default;
        int best = 0;
        foreach (LogicalInterface other in control.Links)
        {
            foreach (IpPrefix own in other.State.Addresses)
            {
                int rank = Rank(own, other == link, other.State.IsLoopback, destination);
                if (rank > best && other.IsUp && other.IsUsable(own.Address))
                    (source, best) = (own.Address, rank);
            }
        }

        return best > 0;
    }

    /// <summary>Puts an Ethernet header in front of a packet.</summary>
    internal static int WriteEthernet(LogicalInterface link, Span<byte> frame, MacAddress destination, EtherType type) =>
        HeaderWriter.Ethernet(frame, destination, link.Options.Mac, type, link.Vlan == 0 ? null : (ushort)link.Vlan);

    /// <summary>Hands a frame to its port.</summary>
    /// <param name="link">The interface.</param>
    /// <param name="frame">With its Ethernet header.</param>
    /// <param name="offload">What is still to be done to it.</param>
    /// <param name="isForwarded">Somebody else's that had to wait, not the router's own.</param>
    internal void Transmit(LogicalInterface link, ReadOnlySpan<byte> frame, in FrameOffload offload, bool isForwarded = false)
    {
        if (link.Port is null || !link.IsUp)
        {
            Drop(link, frame, in offload, RouterDrop.InterfaceDown);
            return;
        }

        // SAFETY: the frame stays where it is during the call, which copies it.
        fixed (byte* bytes = frame)
        {
            Frame whole = new(bytes, frame.Length, offload);
            uint bad = 0;
            if (offload.IsCarriedBy(link.Port.Accepts))
                link.Port.Transmit(new ReadOnlySpan<Frame>(in whole));
            else
                bad = (_completer ??= new OffloadCompleter()).Transmit(link.Port, new ReadOnlySpan<Frame>(in whole));
            if (bad != 0)
            {
                Drop(link, frame, in offload, RouterDrop.BadOffload);
                return;
            }
        }

        link.CountSent(1, frame.Length);
        if (isForwarded)
            control.Tally.AddForwarded(1);
        else
            control.Tally.AddOriginated();
    }

    /// <summary>Counts a frame that does not leave, and tells those who look on.</summary>
    /// <param name="link">The interface it was to leave by.</param>
    /// <param name="frame">With its Ethernet header.</param>
    /// <param name="offload">What is still to be done to it.</param>
    /// <param name="reason">Why.</param>
    internal void Drop(LogicalInterface link, ReadOnlySpan<byte> frame, in FrameOffload offload, RouterDrop reason)
    {
        control.Tally.Drop(reason);
        if (link.Port is not { } port || control.Observers.IsEmpty)
            return;
        // SAFETY: the frame stays where it is during the call, which copies what it keeps.
        fixed (byte* bytes = frame)
        {
            Frame whole = new(bytes, frame.Length, offload);
            control.Observers.Show(port, FrameDirection.Transmitted, in whole, reason);
        }
    }

    private static Span<byte> At(int offset, int length) => Scratch.Current.Made.AsSpan(Scratch.Headroom + offset, length);

    private static int Rank(IpPrefix own, bool isHere, bool isLoopback, IpAddress destination)
    {
        if (own.IsV4 != destination.IsV4)
            return 0;
        bool linkScope = !own.IsV4 && own.Address.IsLinkLocal;
        bool wantsLinkScope = !own.IsV4 && (destination.IsLinkLocal || (destination.IsMulticast && (destination.Bits >> 112 & 0xF) == 2));
        if (linkScope)
            return isHere ? (wantsLinkScope ? 16 : 1) : 0;
        int rank = isHere ? 8 : isLoopback ? 4 : 2;
        return isHere && own.Contains(destination) ? rank + 1 : rank;
    }

    private void SendPieces(LogicalInterface link, IpAddress nextHop, IpAddress source, IpAddress destination, IpProtocol protocol, int length, byte hopLimit)
    {
        int header = HeaderWriter.FragmentLength(source.IsV4);
        int room = (link.Mtu - header) & ~7;
        uint identification = ++_identification;

        // Each header overwrites the end of the piece before it, which has been sent.
        for (int offset = 0; offset < length; offset += room)
        {
            int size = Math.Min(room, length - offset);
            HeaderWriter.Fragment(At(offset - header, header), source, destination, protocol, offset, size, offset + size < length, hopLimit, identification);
            SendPacket(link, nextHop, offset - header, header + size);
        }
    }

    private void SendPacket(LogicalInterface link, IpAddress nextHop, int offset, int length, MacAddress? station = null)
    {
        Span<byte> frame = At(offset - link.HeaderLength, link.HeaderLength + length);
        MacAddress mac = station ?? default;
        bool known = station is not null || TryFindMac(link, nextHop, out mac);
        WriteEthernet(link, frame, mac, nextHop.IsV4 ? EtherType.Ipv4 : EtherType.Ipv6);
        if (known)
            Transmit(link, frame, default);
        else
            control.Neighbors.Hold(link, nextHop, new HeldPacket(frame.ToArray(), default, IsForwarded: false));
    }

    private bool TryFindMac(LogicalInterface link, IpAddress nextHop, out MacAddress mac)
    {
        if (nextHop.IsMulticast)
            mac = nextHop.GroupMac;
        else if (nextHop == IpAddress.BroadcastV4 || control.Local.Find(nextHop) == LocalKind.Broadcast)
            mac = MacAddress.Broadcast;
        else
            return control.Neighbors.TryUse(link, nextHop, out mac);
        return true;
    }
}
