using Fabric.Hosts.Internet;
using Fabric.Wire;

namespace Fabric.Hosts.Neighbors;

/// <summary>Neighbor Discovery for IPv6 (RFC 4861): who has an address, where are the routers.</summary>
internal sealed class NeighborDiscovery(HostStack stack)
{
    /// <summary>Only what no router has passed on is believed (RFC 4861, 7.1).</summary>
    private const byte HopLimit = 255;
    private const uint Solicited = 0x4000_0000;
    private const uint Override = 0x2000_0000;

    /// <summary>Handles a message of types 133 to 137 whose checksum is right.</summary>
    internal void Accept(in Packet packet, in IcmpView icmp)
    {
        bool valid = packet.HopLimit == HopLimit && icmp.Code == 0 && icmp.TypeV6 switch
        {
            Icmpv6Type.NeighborSolicitation => TryAcceptSolicitation(in packet, icmp.Message),
            Icmpv6Type.NeighborAdvertisement => TryAcceptAdvertisement(in packet, icmp.Message),
            Icmpv6Type.RouterAdvertisement => TryAcceptRouter(in packet, icmp.Message),

            // Solicitations are for routers; a host need not follow redirects, and this one trusts no neighbour that far.
            _ => true,
        };
        if (!valid)
            stack.Drop(HostDrop.BadDiscovery);
    }

    /// <summary>Asks who has an address (RFC 4861, 7.2.2).</summary>
    /// <param name="target">The address.</param>
    /// <param name="unicast">Whom to ask; null for its solicited-node group.</param>
    internal void Solicit(IpAddress target, MacAddress? unicast)
    {
        if (!stack.Addresses.TrySource(target, out IpAddress source))
            return;
        IpAddress destination = unicast is null ? target.SolicitedNode : target;
        Send(Icmpv6Type.NeighborSolicitation, unicast ?? destination.GroupMac, source, destination, 0, target, stack.Options.Mac);
    }

    /// <summary>Asks whether anybody has an address that we take (RFC 4862, 5.4.2).</summary>
    internal void Probe(IpAddress wanted) => Send(
        Icmpv6Type.NeighborSolicitation, wanted.SolicitedNode.GroupMac, IpAddress.AnyV6, wanted.SolicitedNode, 0, wanted, null);

    /// <summary>Asks for routers (RFC 4861, 6.3.7).</summary>
    internal void SolicitRouters()
    {
        bool known = stack.Addresses.TrySource(IpAddress.AllRouters, out IpAddress source);
        Span<byte> message = stackalloc byte[16];
        IcmpView.WriteHeader(message, (byte)Icmpv6Type.RouterSolicitation, 0, 0);
        int length = 8;
        if (known)
            length += NeighborOptions.WriteLinkLayerAddress(message[length..], NeighborOption.SourceLinkLayerAddress, stack.Options.Mac);
        SendMessage(message[..length], IpAddress.AllRouters.GroupMac, known ? source : IpAddress.AnyV6, IpAddress.AllRouters);
    }

    private bool TryAcceptSolicitation(in Packet packet, ReadOnlySpan<byte> message)
    {
        if (!NeighborView.TryParse(message, out NeighborView view))
            return false;
        IpAddress target = view.Target;
        NeighborOptions options = view.Options;
        bool named = options.TryFindLinkLayerAddress(NeighborOption.SourceLinkLayerAddress, out MacAddress mac);
        bool probe = packet.Source.IsUnspecified;

        // RFC 4861, 7.1.1: a probe goes to the solicited-node group and says nothing of its sender.
        if (probe && (named || packet.Destination != target.SolicitedNode))
            return false;
        if (stack.Addresses.Find(target) is not { } own)
            return true;
        if (own.State == AddressState.Tentative && probe)
        {
            stack.Configuration.Refuse(target);
        }
        else if (own.State == AddressState.Assigned)
        {
            if (named)
                stack.Neighbors.Learn(packet.Source, mac, create: true);
            Answer(packet.Source, target, probe, named ? mac : null);
        }

        return true;
    }

    private void Answer(IpAddress asker, IpAddress target, bool probe, MacAddress? mac)
    {
        // RFC 4861, 7.2.4: to everybody when the asker has no address yet.
        IpAddress destination = probe ? IpAddress.AllNodes : asker;
        if (mac is null && !probe && stack.Neighbors.TryUse(asker, out MacAddress known))
            mac = known;
        MacAddress to = probe ? IpAddress.AllNodes.GroupMac : mac ?? default;
        if (to != default)
            Send(Icmpv6Type.NeighborAdvertisement, to, target, destination, probe ? Override : Solicited | Override, target, stack.Options.Mac);
    }

    private bool TryAcceptAdvertisement(in Packet packet, ReadOnlySpan<byte> message)
    {
        if (!NeighborView.TryParse(message, out NeighborView view) || packet.Source.IsUnspecified || (view.IsSolicited && packet.Destination.IsMulticast))
            return false;
        IpAddress target = view.Target;
        if (stack.Addresses.Find(target) is not null)
        {
            stack.Configuration.Refuse(target);
            return true;
        }

        NeighborOptions options = view.Options;
        bool named = options.TryFindLinkLayerAddress(NeighborOption.TargetLinkLayerAddress, out MacAddress mac);
        stack.Neighbors.Answer(target, named ? mac : null, view.IsSolicited, view.IsOverride);
        return true;
    }

    private bool TryAcceptRouter(in Packet packet, ReadOnlySpan<byte> message)
    {
        if (!packet.Source.IsLinkLocal || !RouterAdvertisementView.TryParse(message, out RouterAdvertisementView view))
            return false;
        NeighborOptions options = view.Options;
        if (options.TryFindLinkLayerAddress(NeighborOption.SourceLinkLayerAddress, out MacAddress mac))
            stack.Neighbors.Learn(packet.Source, mac, create: true);
        stack.Configuration.AcceptRouter(packet.Source, in view);
        return true;
    }

    private void Send(Icmpv6Type type, MacAddress to, IpAddress source, IpAddress destination, uint flags, IpAddress target, MacAddress? option)
    {
        Span<byte> message = stackalloc byte[32];
        SendMessage(message[..NeighborView.Write(message, type, flags, target, option)], to, source, destination);
    }

    /// <summary>Not through <see cref="PacketOutput.Send"/>: this is called while a packet is being made there.</summary>
    private void SendMessage(Span<byte> message, MacAddress to, IpAddress source, IpAddress destination)
    {
        Span<byte> frame = stackalloc byte[EthernetView.MinHeaderLength + 4 + Ipv6View.MinHeaderLength + 32];
        HeaderWriter.StoreChecksum(message, source, destination, IpProtocol.IcmpV6);
        int at = stack.Output.WriteEthernet(frame, to, EtherType.Ipv6);
        HeaderWriter.V6(frame[at..], source, destination, IpProtocol.IcmpV6, message.Length, HopLimit);
        at += Ipv6View.MinHeaderLength;
        message.CopyTo(frame[at..]);
        stack.Output.Transmit(frame[..(at + message.Length)], default);
    }
}
