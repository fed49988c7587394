using Fabric.Routing.Forwarding;
using Fabric.Routing.Local;
using Fabric.Wire;

namespace Fabric.Routing.Neighbors;

/// <summary>Neighbor Discovery for IPv6 (RFC 4861): who has an address.</summary>
internal sealed class NeighborDiscovery(RouterControl control)
{
    /// <summary>Only what no router has passed on is believed (RFC 4861, 6.1 and 7.1).</summary>
    internal const byte HopLimit = 255;

    private const uint Router = 0x8000_0000;
    private const uint Solicited = 0x4000_0000;
    private const uint Override = 0x2000_0000;
    private const int MaxMessage = 32;

    /// <summary>Handles a message of types 133 to 137 whose checksum is right.</summary>
    internal void Accept(in LocalPacket packet, in IcmpView icmp)
    {
        bool valid = packet.HopLimit == HopLimit && icmp.Code == 0 && icmp.TypeV6 switch
        {
            Icmpv6Type.NeighborSolicitation => TryAcceptSolicitation(in packet, icmp.Message),
            Icmpv6Type.NeighborAdvertisement => TryAcceptAdvertisement(in packet, icmp.Message),
            Icmpv6Type.RouterSolicitation => TryAcceptRouterSolicitation(in packet, icmp.Message),

            // A router takes neither advertisements (RFC 4861, 6.2.7) nor redirects (8.3) for itself.
            _ => true,
        };
        if (valid)
            control.Tally.AddDelivered();
        else
            control.Drop(RouterDrop.BadDiscovery);
    }

    /// <summary>Asks who has an address (RFC 4861, 7.2.2).</summary>
    /// <param name="link">Where.</param>
    /// <param name="target">The address.</param>
    /// <param name="unicast">Whom to ask; null for its solicited-node group.</param>
    internal void Solicit(LogicalInterface link, IpAddress target, MacAddress? unicast)
    {
        if (!control.Output.TrySource(link, target, out IpAddress source))
            return;
        if (!link.State.IsOwn(source))
            source = link.State.LinkLocal?.Address ?? source;
        IpAddress destination = unicast is null ? target.SolicitedNode : target;
        Send(link, Icmpv6Type.NeighborSolicitation, unicast ?? destination.GroupMac, source, destination, 0, target, link.Options.Mac);
    }

    /// <summary>Asks whether anybody has an address that we take (RFC 4862, 5.4.2).</summary>
    internal void Probe(LogicalInterface link, IpAddress wanted) => Send(
        link, Icmpv6Type.NeighborSolicitation, wanted.SolicitedNode.GroupMac, IpAddress.AnyV6, wanted.SolicitedNode, 0, wanted, null);

    /// <summary>Tells everybody that an address is ours (RFC 4861, 7.2.6).</summary>
    internal void Announce(LogicalInterface link, IpAddress own) => Send(
        link, Icmpv6Type.NeighborAdvertisement, IpAddress.AllNodes.GroupMac, own, IpAddress.AllNodes, Router | Override, own, link.Options.Mac);

    /// <summary>Sends a message of the router's own, from its header on, in one piece.</summary>
    internal void SendMessage(LogicalInterface link, Span<byte> message, MacAddress to, IpAddress source, IpAddress destination)
    {
        Span<byte> frame = stackalloc byte[EthernetView.MinHeaderLength + 4 + Ipv6View.MinHeaderLength + message.Length];
        HeaderWriter.StoreChecksum(message, source, destination, IpProtocol.IcmpV6);
        int at = PacketOutput.WriteEthernet(link, frame, to, EtherType.Ipv6);
        HeaderWriter.V6(frame[at..], source, destination, IpProtocol.IcmpV6, message.Length, HopLimit);
        at += Ipv6View.MinHeaderLength;
        message.CopyTo(frame[at..]);
        control.Output.Transmit(link, frame[..(at + message.Length)], default);
    }

    private bool TryAcceptSolicitation(in LocalPacket packet, ReadOnlySpan<byte> message)
    {
        if (!NeighborView.TryParse(message, out NeighborView view))
            return false;
        LogicalInterface link = packet.Link;
        IpAddress target = view.Target;
        NeighborOptions options = view.Options;
        bool named = options.TryFindLinkLayerAddress(NeighborOption.SourceLinkLayerAddress, out MacAddress mac);
        bool probe = packet.Source.IsUnspecified;

        // RFC 4861, 7.1.1: a probe goes to the solicited-node group and says nothing of its sender. Nobody off the link may speak of
        // himself (as CVE-2008-2476 had it).
        if (probe ? named || packet.Destination != target.SolicitedNode : !link.State.IsOnLink(packet.Source))
            return false;
        if (!link.State.IsOwn(target))
            return true;
        if (!link.IsUsable(target))
        {
            if (probe)
                control.Conflicts.Contest(link, target, isProbe: true);
            return true;
        }

        if (named && !probe)
            control.Neighbors.Learn(link, packet.Source, mac, create: true);
        Answer(link, packet.Source, target, probe, named ? mac : null);
        return true;
    }

    private void Answer(LogicalInterface link, IpAddress asker, IpAddress target, bool probe, MacAddress? mac)
    {
        // RFC 4861, 7.2.4: to everybody when the asker has no address yet.
        IpAddress destination = probe ? IpAddress.AllNodes : asker;
        if (mac is null && !probe && control.Neighbors.TryUse(link, asker, out MacAddress known))
            mac = known;
        MacAddress to = probe ? IpAddress.AllNodes.GroupMac : mac ?? default;
        if (to == default || (to.IsGroup && !probe))
            return;
        uint flags = probe ? Router | Override : Router | Solicited | Override;
        Send(link, Icmpv6Type.NeighborAdvertisement, to, target, destination, flags, target, link.Options.Mac);
    }

    private bool TryAcceptAdvertisement(in LocalPacket packet, ReadOnlySpan<byte> message)
    {
        if (!NeighborView.TryParse(message, out NeighborView view) || packet.Source.IsUnspecified || (view.IsSolicited && packet.Destination.IsMulticast))
            return false;
        LogicalInterface link = packet.Link;
        IpAddress target = view.Target;
        if (link.State.IsOwn(target))
        {
            control.Conflicts.Contest(link, target, isProbe: false);
            return true;
        }

        NeighborOptions options = view.Options;
        bool named = options.TryFindLinkLayerAddress(NeighborOption.TargetLinkLayerAddress, out MacAddress mac);
        control.Neighbors.Answer(link, target, named ? mac : null, view.IsSolicited, view.IsOverride);
        return true;
    }

    private bool TryAcceptRouterSolicitation(in LocalPacket packet, ReadOnlySpan<byte> message)
    {
        // RFC 4861, 6.1.1.
        if (!NeighborOptions.TryParse(message[IcmpView.HeaderLength..], out NeighborOptions options))
            return false;
        bool named = options.TryFindLinkLayerAddress(NeighborOption.SourceLinkLayerAddress, out MacAddress mac);
        if (packet.Source.IsUnspecified ? named : !packet.Link.State.IsOnLink(packet.Source))
            return false;
        if (named)
            control.Neighbors.Learn(packet.Link, packet.Source, mac, create: true);
        control.Advertisements.Solicited(packet.Link);
        return true;
    }

    private void Send(
        LogicalInterface link, Icmpv6Type type, MacAddress to, IpAddress source, IpAddress destination, uint flags, IpAddress target, MacAddress? option)
    {
        Span<byte> message = stackalloc byte[MaxMessage];
        SendMessage(link, message[..NeighborView.Write(message, type, flags, target, option)], to, source, destination);
    }
}
