using Fabric.Wire;

namespace Fabric.Hosts.Neighbors;

/// <summary>Address resolution for IPv4 (RFC 826), announcements and conflicts (RFC 5227).</summary>
internal sealed class ArpProtocol(HostStack stack)
{
    /// <summary>An address is defended at most so often (RFC 5227, 2.4: DEFEND_INTERVAL).</summary>
    private const long DefendInterval = 10 * Nanoseconds.PerSecond;

    private long _defended = -DefendInterval;

    /// <summary>Handles a packet (RFC 826, "Packet Reception").</summary>
    internal void Accept(ReadOnlySpan<byte> bytes)
    {
        if (!ArpView.TryParse(bytes, out ArpView arp) || arp.Operation is not (ArpOperation.Request or ArpOperation.Reply))
        {
            stack.Drop(HostDrop.Malformed);
            return;
        }

        IpAddress sender = arp.Sender;
        MacAddress mac = arp.SenderMac;
        if (mac == stack.Options.Mac)
            return;
        if (mac.IsGroup || sender.IsMulticast || sender.IsLoopback || sender == IpAddress.BroadcastV4)
        {
            stack.Drop(HostDrop.BadSource);
            return;
        }

        // RFC 5227, 2.1.1 and 2.4: the same sender address, or a probe for one that we are probing too.
        if (stack.Addresses.Find(sender.IsUnspecified ? arp.Target : sender) is { } contested)
            Contest(contested, isProbe: sender.IsUnspecified);
        bool forUs = stack.Addresses.IsOwn(arp.Target);
        if (!sender.IsUnspecified && !stack.Addresses.IsOwn(sender))
            Learn(in arp, forUs);
        if (forUs && arp.Operation == ArpOperation.Request)
            Send(ArpOperation.Reply, mac, arp.Target, mac, sender);
    }

    /// <summary>Asks who has an address.</summary>
    /// <param name="target">The address.</param>
    /// <param name="unicast">Whom to ask; null for everybody.</param>
    internal void Request(IpAddress target, MacAddress? unicast)
    {
        if (stack.Addresses.TrySource(target, out IpAddress source))
            Send(ArpOperation.Request, unicast ?? MacAddress.Broadcast, source, default, target);
    }

    /// <summary>Asks whether anybody has an address that we would like (RFC 5227, 2.1.1).</summary>
    internal void Probe(IpAddress wanted) => Send(ArpOperation.Request, MacAddress.Broadcast, IpAddress.AnyV4, default, wanted);

    /// <summary>Tells everybody that an address is ours (RFC 5227, 2.3).</summary>
    internal void Announce(IpAddress own) => Send(ArpOperation.Request, MacAddress.Broadcast, own, default, own);

    private void Learn(in ArpView arp, bool forUs)
    {
        // RFC 826: an entry that is there is brought up to date whoever was meant, a new one is made only when we were.
        if (forUs && arp.Operation == ArpOperation.Reply)
            stack.Neighbors.Answer(arp.Sender, arp.SenderMac, solicited: true, overrides: true);
        else
            stack.Neighbors.Learn(arp.Sender, arp.SenderMac, create: forUs);
    }

    private void Contest(HostAddress contested, bool isProbe)
    {
        if (contested.State == AddressState.Tentative)
        {
            stack.Configuration.Refuse(contested.Address);
            return;
        }

        // RFC 5227, 2.4 (b): say once that it is ours; if that does not help, live with it (c), as a host with fixed addresses does.
        if (isProbe || contested.State != AddressState.Assigned || stack.Now - _defended < DefendInterval)
            return;
        _defended = stack.Now;
        Announce(contested.Address);
    }

    private void Send(ArpOperation operation, MacAddress to, IpAddress source, MacAddress targetMac, IpAddress target)
    {
        Span<byte> frame = stackalloc byte[EthernetView.MinHeaderLength + 4 + ArpView.Length];
        int at = stack.Output.WriteEthernet(frame, to, EtherType.Arp);
        at += ArpView.Write(frame[at..], operation, stack.Options.Mac, source, targetMac, target);
        stack.Output.Transmit(frame[..at], default);
    }
}
