using Fabric.Routing.Forwarding;
using Fabric.Routing.Local;
using Fabric.Wire;

namespace Fabric.Routing.Neighbors;

/// <summary>Address resolution for IPv4 (RFC 826), announcements and conflicts (RFC 5227).</summary>
internal sealed class ArpProtocol(RouterControl control)
{
    /// <summary>Addresses are defended at most so often (RFC 5227, 2.4: DEFEND_INTERVAL).</summary>
    private const long DefendInterval = 10 * Nanoseconds.PerSecond;

    private long _defended = -DefendInterval;

    /// <summary>Handles a packet (RFC 826, "Packet Reception").</summary>
    internal void Accept(LogicalInterface link, ReadOnlySpan<byte> bytes)
    {
        if (!ArpView.TryParse(bytes, out ArpView arp) || arp.Operation is not (ArpOperation.Request or ArpOperation.Reply))
        {
            control.Drop(RouterDrop.Malformed);
            return;
        }

        IpAddress sender = arp.Sender;
        MacAddress mac = arp.SenderMac;
        bool isPossible = mac != link.Options.Mac && !mac.IsGroup && mac != default && !sender.IsMulticast && sender != IpAddress.BroadcastV4;
        bool isNear = sender.IsUnspecified || link.State.IsOnLink(sender);
        if (!isPossible || (!isNear && !IsQuestion(link, in arp)))
        {
            control.Drop(RouterDrop.BadDiscovery);
            return;
        }

        if (!isNear)
        {
            // Linux asks with the source of the packet that waits, which may be of another of its links: told, and not learned.
            Send(link, ArpOperation.Reply, mac, arp.Target, mac, sender);
            control.Tally.AddDelivered();
            return;
        }

        if (link.State.IsOwn(sender.IsUnspecified ? arp.Target : sender))
            control.Conflicts.Contest(link, sender.IsUnspecified ? arp.Target : sender, isProbe: sender.IsUnspecified);
        bool forUs = link.State.IsOwn(arp.Target) && link.IsUsable(arp.Target);
        if (!sender.IsUnspecified && !link.State.IsOwn(sender))
            Learn(link, in arp, forUs);
        if (forUs && arp.Operation == ArpOperation.Request && !link.State.IsOwn(sender))
            Send(link, ArpOperation.Reply, mac, arp.Target, mac, sender);
        control.Tally.AddDelivered();
    }

    /// <summary>Asks who has an address.</summary>
    /// <param name="link">Where.</param>
    /// <param name="target">The address.</param>
    /// <param name="unicast">Whom to ask; null for everybody.</param>
    internal void Request(LogicalInterface link, IpAddress target, MacAddress? unicast)
    {
        if (control.Output.TrySource(link, target, out IpAddress source))
            Send(link, ArpOperation.Request, unicast ?? MacAddress.Broadcast, source, default, target);
    }

    /// <summary>Asks whether anybody has an address that we would like (RFC 5227, 2.1.1).</summary>
    internal void Probe(LogicalInterface link, IpAddress wanted) =>
        Send(link, ArpOperation.Request, MacAddress.Broadcast, IpAddress.AnyV4, default, wanted);

    /// <summary>Tells everybody that an address is ours (RFC 5227, 2.3).</summary>
    internal void Announce(LogicalInterface link, IpAddress own) =>
        Send(link, ArpOperation.Request, MacAddress.Broadcast, own, default, own);

    /// <summary>Says that an address is ours, unless it was said a moment ago (RFC 5227, 2.4 (c)).</summary>
    internal void Defend(LogicalInterface link, IpAddress own)
    {
        if (control.Now - _defended < DefendInterval)
            return;
        _defended = control.Now;
        Announce(link, own);
    }

    private static bool IsQuestion(LogicalInterface link, in ArpView arp) =>
        arp.Operation == ArpOperation.Request && link.State.IsOwn(arp.Target) && link.IsUsable(arp.Target);

    private void Learn(LogicalInterface link, in ArpView arp, bool forUs)
    {
        // RFC 826: an entry that is there is brought up to date whoever was meant, a new one is made only when we were.
        if (forUs && arp.Operation == ArpOperation.Reply)
            control.Neighbors.Answer(link, arp.Sender, arp.SenderMac, solicited: true, overrides: true);
        else
            control.Neighbors.Learn(link, arp.Sender, arp.SenderMac, create: forUs && arp.Operation == ArpOperation.Request);
    }

    private void Send(LogicalInterface link, ArpOperation operation, MacAddress to, IpAddress source, MacAddress targetMac, IpAddress target)
    {
        Span<byte> frame = stackalloc byte[EthernetView.MinHeaderLength + 4 + ArpView.Length];
        int at = PacketOutput.WriteEthernet(link, frame, to, EtherType.Arp);
        at += ArpView.Write(frame[at..], operation, link.Options.Mac, source, targetMac, target);
        control.Output.Transmit(link, frame[..at], default);
    }
}
