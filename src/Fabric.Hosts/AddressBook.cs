using Fabric.Wire;

namespace Fabric.Hosts;

/// <summary>A host's addresses, the networks that are on its link, and its routers.</summary>
internal sealed class AddressBook(HostStack stack)
{
    private const int MaxAutoconfigured = 8;
    private const int MaxOnLink = 16;
    private const int MaxRouters = 8;
    private readonly List<HostAddress> _addresses = new(2);
    private List<Lasting>? _onLink;
    private List<Lasting>? _routers;
    private IpAddress? _gateway = stack.Options.Gateway;

    internal IReadOnlyList<HostAddress> All => _addresses;

    /// <summary>Gateway of IPv4: the configured one, or DHCP's.</summary>
    internal IpAddress? Gateway => _gateway;

    internal void SetGateway(IpAddress? gateway) => _gateway = gateway ?? stack.Options.Gateway;

    internal HostAddress? Find(IpAddress address)
    {
        foreach (HostAddress own in _addresses)
        {
            if (own.Address == address)
                return own;
        }

        return null;
    }

    /// <summary>Adds an address or replaces what was known of it.</summary>
    /// <returns>False when routers have made the host take as many as it will.</returns>
    internal bool Put(HostAddress address)
    {
        int index = _addresses.FindIndex(own => own.Address == address.Address);
        if (index >= 0)
        {
            _addresses[index] = address;
            return true;
        }

        if (address.Origin == AddressOrigin.Autoconfigured && _addresses.Count(own => own.Origin == AddressOrigin.Autoconfigured) >= MaxAutoconfigured)
            return false;
        _addresses.Add(address);
        return true;
    }

    internal void Remove(IpAddress address) => _addresses.RemoveAll(own => own.Address == address);

    internal bool IsOwn(IpAddress address) => Find(address) is { State: AddressState.Assigned };

    /// <summary>True for addresses that every host of the link takes: broadcast, all nodes, a solicited-node group of its own.</summary>
    internal bool IsGroupOfOurs(IpAddress address)
    {
        if (address.IsV4)
            return address == IpAddress.BroadcastV4 || address == IpAddress.FromV4(0xE000_0001) || IsSubnetBroadcast(address);
        if (address == IpAddress.AllNodes)
            return true;
        foreach (HostAddress own in _addresses)
        {
            if (!own.Address.IsV4 && own.Address.SolicitedNode == address)
                return true;
        }

        return false;
    }

    /// <summary>The directed broadcast address of a network of ours (RFC 919).</summary>
    internal bool IsSubnetBroadcast(IpAddress address)
    {
        foreach (HostAddress own in _addresses)
        {
            if (address.IsV4 && own.Address.IsV4 && own.Prefix.Length < 31
                && own.Address.IsInPrefix(address, own.Prefix.Length) && (address.V4 | (uint.MaxValue << (32 - own.Prefix.Length))) == uint.MaxValue)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The address to send from (RFC 6724 in short: same link-local scope, then the longest common network, then any).</summary>
    internal bool TrySource(IpAddress destination, out IpAddress source)
    {
        HostAddress? best = null;
        int bestRank = -1;
        foreach (HostAddress own in _addresses)
        {
            if (own.State != AddressState.Assigned || own.Address.IsV4 != destination.IsV4)
                continue;
            int rank = Rank(own, destination);
            if (rank > bestRank)
                (best, bestRank) = (own, rank);
        }

        source = best?.Address ?? default;
        return best is not null;
    }

    /// <summary>The station on the link that a packet goes to first.</summary>
    internal bool TryNextHop(IpAddress destination, out IpAddress nextHop)
    {
        nextHop = destination;
        if (IsOnLink(destination))
            return true;
        IpAddress? router = destination.IsV4 ? _gateway : stack.Options.GatewayV6 ?? FirstRouter();
        nextHop = router ?? default;
        return router is not null;
    }

    internal void PutOnLink(IpPrefix prefix, long until) => Put(ref _onLink, prefix, until, MaxOnLink);

    internal void PutRouter(IpAddress router, long until) => Put(ref _routers, new IpPrefix(router, 128), until, MaxRouters);

    /// <summary>Takes out what is no longer valid.</summary>
    /// <returns>When to look again.</returns>
    internal long Expire()
    {
        long next = Timed.Never;
        long now = stack.Now;
        _addresses.RemoveAll(own => own.ValidUntil <= now);
        foreach (HostAddress own in _addresses)
            next = Math.Min(next, own.ValidUntil);
        foreach (List<Lasting>? list in new[] { _onLink, _routers })
        {
            list?.RemoveAll(item => item.Until <= now);
            next = Math.Min(next, list is { Count: > 0 } ? list.Min(item => item.Until) : Timed.Never);
        }

        return next;
    }

    private static void Put(ref List<Lasting>? list, IpPrefix prefix, long until, int limit)
    {
        list ??= [];
        int index = list.FindIndex(item => item.Prefix == prefix);
        if (index >= 0)
            list[index] = new Lasting(prefix, until);
        else if (list.Count < limit)
            list.Add(new Lasting(prefix, until));
    }

    private int Rank(HostAddress own, IpAddress destination)
    {
        int rank = own.PreferredUntil > stack.Now ? 1 : 0;
        if (!own.Address.IsV4 && own.Address.IsLinkLocal == (destination.IsLinkLocal || destination.IsMulticast))
            rank += 4;
        return own.Address.IsInPrefix(destination, own.Prefix.Length) ? rank + 2 : rank;
    }

    private bool IsOnLink(IpAddress destination)
    {
        if (!destination.IsV4 && destination.IsLinkLocal)
            return true;
        foreach (HostAddress own in _addresses)
        {
            if (own.State == AddressState.Assigned && own.Address.IsInPrefix(destination, own.Prefix.Length))
                return true;
        }

        if (_onLink is null)
            return false;
        foreach (Lasting item in _onLink)
        {
            if (item.Until > stack.Now && item.Prefix.Address.IsInPrefix(destination, item.Prefix.Length))
                return true;
        }

        return false;
    }

    private IpAddress? FirstRouter()
    {
        if (_routers is null)
            return null;
        foreach (Lasting item in _routers)
        {
            if (item.Until > stack.Now)
                return item.Prefix.Address;
        }

        return null;
    }

    private readonly record struct Lasting(IpPrefix Prefix, long Until);
}
