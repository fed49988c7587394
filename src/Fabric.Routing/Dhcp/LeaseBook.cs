using Fabric.Wire;

namespace Fabric.Routing.Dhcp;

/// <summary>Who has which address of a pool. No more is kept than one record for each address.</summary>
internal sealed class LeaseBook
{
    private readonly Dictionary<IpAddress, LeaseRecord> _byAddress = [];
    private readonly Dictionary<string, LeaseRecord> _byClient = [];
    private readonly Dictionary<string, IpAddress> _static = [];
    private readonly HashSet<IpAddress> _reserved = [];
    private readonly LinkedList<LeaseRecord> _free = [];
    private readonly SortedSet<(long Expires, uint Address)> _ends = [];
    private long _next;

    internal LeaseBook(DhcpPool pool)
    {
        Pool = pool;
        _next = pool.First.V4;
        foreach (DhcpStaticLease lease in pool.Static)
        {
            if (lease.ClientId is { } id)
                _static[id.ToUpperInvariant()] = lease.Address;
            if (lease.Mac is { } mac)
                _static[DhcpClient.MacKey(mac)] = lease.Address;
        }

        _reserved = [.. pool.Static.Select(lease => lease.Address), .. pool.Routers ?? [], .. pool.NameServers];
    }

    internal DhcpPool Pool { get; }

    /// <summary>When <see cref="Expire"/> is next wanted.</summary>
    internal long Due => _ends.Count == 0 ? long.MaxValue : _ends.Min.Expires;

    internal IEnumerable<LeaseRecord> Records => _byAddress.Values;

    /// <summary>The record of a client's address, which may be free by now; null for none.</summary>
    internal LeaseRecord? Find(in DhcpClient client) => _byClient.GetValueOrDefault(client.Key);

    /// <summary>Finds an address for a client: that of old, the one it wants, one that nobody has had, or the one that has been free for the
    /// longest time (RFC 2131, 4.3.1).</summary>
    /// <param name="client">The client.</param>
    /// <param name="wanted">What it asks for, of any worth.</param>
    /// <param name="isOwn">Tells addresses that the router has itself.</param>
    /// <returns>Null when there is none.</returns>
    internal LeaseRecord? Choose(in DhcpClient client, IpAddress wanted, Predicate<IpAddress> isOwn)
    {
        if (Find(in client) is { } old)
            return old;
        if (StaticOf(in client) is { } fixedAddress)
            return Take(in client, fixedAddress, isOwn);
        if (Take(in client, wanted, isOwn) is { } asked)
            return asked;
        while (_next <= Pool.Last.V4)
        {
            if (Take(in client, IpAddress.FromV4((uint)_next++), isOwn) is { } fresh)
                return fresh;
        }

        return _free.First is { } longest ? Give(in client, longest.Value) : null;
    }

    /// <summary>Gives a client a certain address, if it is one of the pool and nobody's.</summary>
    internal LeaseRecord? Take(in DhcpClient client, IpAddress address, Predicate<IpAddress> isOwn)
    {
        bool isIts = StaticOf(in client) == address;
        if (!isIts && (!address.IsV4 || address.V4 < Pool.First.V4 || address.V4 > Pool.Last.V4 || _reserved.Contains(address)))
            return null;
        if (isOwn(address))
            return null;
        if (_byAddress.TryGetValue(address, out LeaseRecord? record))
            return record.State == DhcpLeaseState.Free ? Give(in client, record) : null;
        record = new LeaseRecord(address);
        _byAddress.Add(address, record);
        return Give(in client, record);
    }

    /// <summary>Changes whose an address is.</summary>
    internal void Set(LeaseRecord record, DhcpLeaseState state, long until)
    {
        Unlist(record);
        record.State = state;
        record.Expires = until;
        _ends.Add((until, record.Address.V4));
    }

    /// <summary>An address is nobody's any more.</summary>
    internal void Free(LeaseRecord record)
    {
        Unlist(record);
        record.State = DhcpLeaseState.Free;

        // Those of one client wait for it.
        if (!_reserved.Contains(record.Address))
            record.Place = _free.AddLast(record);
    }

    /// <summary>A client has found an address in use: it gets another one.</summary>
    internal void Decline(LeaseRecord record, long until)
    {
        _byClient.Remove(record.Client.Key);
        Set(record, DhcpLeaseState.Declined, until);
    }

    /// <summary>Ends what has had its time.</summary>
    internal void Expire(long now)
    {
        while (Due <= now)
            Free(_byAddress[IpAddress.FromV4(_ends.Min.Address)]);
    }

    private IpAddress? StaticOf(in DhcpClient client) =>
        client.ClientId is { } id && _static.TryGetValue(id, out IpAddress byId) ? byId
        : _static.TryGetValue(DhcpClient.MacKey(client.Mac), out IpAddress byMac) ? byMac
        : null;

    private LeaseRecord Give(in DhcpClient client, LeaseRecord record)
    {
        if (_byClient.GetValueOrDefault(record.Client.Key ?? "") == record)
            _byClient.Remove(record.Client.Key!);
        Unlist(record);
        record.Client = client;
        record.IsProven = false;
        _byClient[client.Key] = record;
        return record;
    }

    private void Unlist(LeaseRecord record)
    {
        _ends.Remove((record.Expires, record.Address.V4));
        if (record.Place is { } place)
            _free.Remove(place);
        record.Place = null;
    }
}
