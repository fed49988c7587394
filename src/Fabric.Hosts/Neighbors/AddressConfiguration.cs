using Fabric.Wire;

namespace Fabric.Hosts.Neighbors;

// The life of an address
//
//   taken ──▶ Tentative: probed (RFC 5227, 2.1.1: three ARP probes within some seconds; RFC 4862, 5.4: one solicitation, one second)
//         ──nobody objects──▶ Assigned: announced (IPv4) ──valid lifetime over──▶ gone
//         ──somebody has it──▶ Duplicate: not used
//
// A host that does not detect conflicts is Assigned at once, announces, and sends its probe only to hear of an IPv6 duplicate later.

/// <summary>Takes up addresses, forms them from routers' prefixes (RFC 4862), and lets them go.</summary>
internal sealed class AddressConfiguration(HostStack stack) : Timed
{
    private const int ArpProbes = 3;
    private const int MaxRouterSolicitations = 3;
    private const uint Infinite = uint.MaxValue;
    private const uint TwoHours = 7200;
    private const int SubnetPrefix = 64;
    private readonly List<Candidate> _candidates = [];
    private int _routerSolicitations;
    private long _nextRouterSolicitation = Never;
    private long _nextExpiry = Never;

    /// <summary>True when no address is on probation.</summary>
    internal bool IsSettled => _candidates.Count == 0;

    internal void Start()
    {
        bool hasLinkLocal = !stack.Options.UseV6;
        foreach (IpPrefix prefix in stack.Options.Addresses)
        {
            if (!prefix.Address.IsV4 && !stack.Options.UseV6)
                continue;
            hasLinkLocal |= !prefix.Address.IsV4 && prefix.Address.IsLinkLocal;
            Take(new HostAddress(prefix, AddressOrigin.Configured, AddressState.Assigned));
        }

        if (!hasLinkLocal)
            Take(new HostAddress(new IpPrefix(IpAddress.LinkLocal(stack.Options.Mac), SubnetPrefix), AddressOrigin.LinkLocal, AddressState.Assigned));
        if (!stack.Options.Autoconfigure || !stack.Options.UseV6)
            return;
        _routerSolicitations = MaxRouterSolicitations;
        _nextRouterSolicitation = stack.Options.DetectConflicts ? stack.Now + Nanoseconds.PerSecond : stack.Now;
        Schedule(_nextRouterSolicitation);
    }

    /// <summary>Takes up an address, or renews what is known of one.</summary>
    internal void Take(HostAddress address)
    {
        HostAddress? known = stack.Addresses.Find(address.Address);
        if (known is not null)
        {
            stack.Addresses.Put(address with { State = known.State });
            WatchExpiry();
            return;
        }

        bool probed = stack.Options.DetectConflicts;
        if (!stack.Addresses.Put(probed ? address with { State = AddressState.Tentative } : address))
            return;
        WatchExpiry();
        if (!address.Address.IsV4)
            stack.Listening.GroupJoined();
        if (probed)
        {
            _candidates.Add(new Candidate(address.Address, address.Address.IsV4 ? ArpProbes : 1, stack.Now + Jitter()));
            Schedule(_candidates[^1].Next);
        }
        else if (address.Address.IsV4)
        {
            stack.Arp.Announce(address.Address);
        }
        else
        {
            stack.Discovery.Probe(address.Address);
        }
    }

    /// <summary>Somebody else has an address.</summary>
    internal void Refuse(IpAddress address)
    {
        _candidates.RemoveAll(candidate => candidate.Address == address);
        if (stack.Addresses.Find(address) is not { } own)
            return;
        if (own.Origin == AddressOrigin.Dhcp)
            stack.Dhcp.Decline();
        else
            stack.Addresses.Put(own with { State = AddressState.Duplicate });
    }

    /// <summary>A router advertisement (RFC 4861, 6.3.4).</summary>
    internal void AcceptRouter(IpAddress router, in RouterAdvertisementView view)
    {
        if (!stack.Options.Autoconfigure)
            return;
        _routerSolicitations = 0;
        stack.Addresses.PutRouter(router, stack.Now + (view.RouterLifetime * Nanoseconds.PerSecond));
        NeighborOptions options = view.Options;
        while (options.TryNext(out NeighborOption type, out ReadOnlySpan<byte> option))
        {
            if (type == NeighborOption.Mtu && option.Length == 8)
                stack.Output.LowerMtu((int)Math.Min(int.MaxValue, System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(option[4..])));
            else if (PrefixInformationView.TryParse(option, out PrefixInformationView prefix) && !prefix.Prefix.IsLinkLocal && !prefix.Prefix.IsMulticast)
                AcceptPrefix(in prefix);
        }

        WatchExpiry();
    }

    protected override void Tick()
    {
        if (_nextExpiry <= stack.Now)
            WatchExpiry();
        if (_routerSolicitations > 0 && _nextRouterSolicitation <= stack.Now)
        {
            _routerSolicitations--;
            _nextRouterSolicitation = stack.Now + (4 * Nanoseconds.PerSecond);
            stack.Discovery.SolicitRouters();
        }

        for (int i = _candidates.Count - 1; i >= 0; i--)
        {
            if (_candidates[i].Next <= stack.Now)
                Advance(i);
        }

        foreach (Candidate candidate in _candidates)
            Schedule(candidate.Next);
        if (_routerSolicitations > 0)
            Schedule(_nextRouterSolicitation);
        Schedule(_nextExpiry);
    }

    private void Advance(int index)
    {
        Candidate candidate = _candidates[index];
        if (candidate.Probes == 0)
        {
            _candidates.RemoveAt(index);
            Settle(candidate.Address);
            return;
        }

        if (candidate.Address.IsV4)
            stack.Arp.Probe(candidate.Address);
        else
            stack.Discovery.Probe(candidate.Address);

        // RFC 5227, 1.1: probes one to two seconds apart, and two seconds after the last; RFC 4862: one second.
        long wait = !candidate.Address.IsV4 ? Nanoseconds.PerSecond : candidate.Probes == 1 ? 2 * Nanoseconds.PerSecond : Nanoseconds.PerSecond + Jitter();
        _candidates[index] = candidate with { Probes = candidate.Probes - 1, Next = stack.Now + wait };
    }

    private void Settle(IpAddress address)
    {
        if (stack.Addresses.Find(address) is not { } own)
            return;
        stack.Addresses.Put(own with { State = AddressState.Assigned });
        if (address.IsV4)
            stack.Arp.Announce(address);
    }

    /// <summary>RFC 4862, 5.5.3: an address from a prefix, with the lifetimes that the router gives, which may shorten what is left of an
    /// address's life to two hours at least (5.5.3 (e)).</summary>
    private void AcceptPrefix(in PrefixInformationView prefix)
    {
        if (prefix.IsOnLink)
            stack.Addresses.PutOnLink(new IpPrefix(prefix.Prefix, prefix.PrefixLength), After(prefix.ValidLifetime));
        if (!prefix.IsAutonomous || prefix.PrefixLength != SubnetPrefix || prefix.PreferredLifetime > prefix.ValidLifetime)
            return;
        IpAddress address = IpAddress.Autonomous(prefix.Prefix.Bits, stack.Options.Mac);
        HostAddress? known = stack.Addresses.Find(address);
        if (known is { Origin: not AddressOrigin.Autoconfigured } || (known is null && prefix.ValidLifetime == 0))
            return;
        long valid = After(prefix.ValidLifetime);
        if (known is not null && prefix.ValidLifetime <= TwoHours && valid < known.ValidUntil)
            valid = Math.Min(known.ValidUntil, After(TwoHours));
        Take(new HostAddress(new IpPrefix(address, prefix.IsOnLink ? SubnetPrefix : 128), AddressOrigin.Autoconfigured, AddressState.Assigned)
        {
            ValidUntil = valid,
            PreferredUntil = After(prefix.PreferredLifetime),
        });
    }

    private long After(uint seconds) => seconds == Infinite ? Never : stack.Now + (seconds * Nanoseconds.PerSecond);

    private long Jitter() => (long)(stack.Random.NextDouble() * Nanoseconds.PerSecond);

    private void WatchExpiry()
    {
        _nextExpiry = stack.Addresses.Expire();
        Schedule(_nextExpiry);
    }

    private readonly record struct Candidate(IpAddress Address, int Probes, long Next);
}
