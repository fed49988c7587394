using System.Text;
using Fabric.Wire;

namespace Fabric.Routing.Dhcp;

/// <summary>What a DHCP server's options must be like.</summary>
internal static class DhcpPoolCheck
{
    private const int MaxDomainLength = 64;
    private const int MaxAddressOptions = 8;
    private const int MaxRoutesLength = 96;
    private const int MinMtu = 68;
    private static readonly TimeSpan s_maxTime = TimeSpan.FromDays(365);

    internal static void Throw(DhcpServerOptions options)
    {
        TimeRange("the time of an offer", options.OfferTime);
        TimeRange("the time that a declined address rests", options.DeclineTime);
        if (options.ProbeTime <= TimeSpan.Zero || options.ProbeTime > options.OfferTime)
            throw new RoutingException($"DHCP: an answer is waited for some time, no longer than an offer lasts ({options.OfferTime}), not {options.ProbeTime}");
        for (int i = 0; i < options.Pools.Count; i++)
        {
            Check(options.Pools[i]);
            if (options.Pools.Take(i).FirstOrDefault(other => other.Network.Contains(options.Pools[i].Network.Address) || options.Pools[i].Network.Contains(other.Network.Address)) is { } same)
                throw new RoutingException($"DHCP: networks {same.Network} and {options.Pools[i].Network} overlap: give each network one pool");
        }
    }

    private static void Check(DhcpPool pool)
    {
        string what = $"DHCP pool of {pool.Network}";
        if (!pool.Network.IsV4 || pool.Network != pool.Network.Network || pool.Network.Length is 0 or > 30)
            throw new RoutingException($"{what}: it is an IPv4 network with room for hosts, without bits behind its length");
        if (!IsHost(pool, pool.First) || !IsHost(pool, pool.Last) || pool.First.V4 > pool.Last.V4)
            throw new RoutingException($"{what}: {pool.First} to {pool.Last} are no addresses of its hosts in rising order");
        if (pool.Last.V4 - pool.First.V4 >= DhcpPool.MaxAddresses)
            throw new RoutingException($"{what}: a pool has at most {DhcpPool.MaxAddresses} addresses");
        TimeRange($"{what}: the lease", pool.Lease);
        if (pool.Mtu is < MinMtu or > ushort.MaxValue)
            throw new RoutingException($"{what}: an MTU of {pool.Mtu} bytes is none; take {MinMtu} to {ushort.MaxValue}");
        if (pool.Domain is { } domain && (domain.Length is 0 or > MaxDomainLength || !Ascii.IsValid(domain)))
            throw new RoutingException($"{what}: a domain has 1 to {MaxDomainLength} ASCII characters");
        Addresses($"{what}: routers", pool.Routers ?? []);
        Addresses($"{what}: name servers", pool.NameServers);
        if (DhcpReply.LengthOf(pool.Routes) > MaxRoutesLength || pool.Routes.Any(route => !route.Network.IsV4 || route.Network != route.Network.Network || !route.Gateway.IsV4))
            throw new RoutingException($"{what}: the routes told are IPv4, without bits behind their lengths, and need no more than {MaxRoutesLength} bytes");
        CheckStatic(what, pool);
    }

    private static void CheckStatic(string what, DhcpPool pool)
    {
        HashSet<string> clients = [];
        HashSet<IpAddress> addresses = [];
        foreach (DhcpStaticLease lease in pool.Static)
        {
            if (lease.Mac is null && lease.ClientId is null)
                throw new RoutingException($"{what}: nobody is named to get {lease.Address}; give an Ethernet address or a client identifier");
            if (lease.ClientId is { } id && (id.Length == 0 || id.Length % 2 != 0 || !id.All(char.IsAsciiHexDigit)))
                throw new RoutingException($"{what}: client identifier '{id}' is not in pairs of hexadecimal digits");
            if (!IsHost(pool, lease.Address))
                throw new RoutingException($"{what}: {lease.Address} is no address of its hosts");
            bool isFirst = addresses.Add(lease.Address) && (lease.Mac is not { } mac || clients.Add($"{mac}")) && (lease.ClientId is not { } own || clients.Add(own.ToUpperInvariant()));
            if (!isFirst)
                throw new RoutingException($"{what}: {lease.Address} or its client has a lease already; leave one out");
        }
    }

    private static void TimeRange(string what, TimeSpan time)
    {
        if (time < TimeSpan.FromSeconds(1) || time > s_maxTime)
            throw new RoutingException($"{what} is from 1 s to {s_maxTime.TotalDays} days, not {time}");
    }

    private static void Addresses(string what, IReadOnlyList<IpAddress> addresses)
    {
        if (addresses.Count > MaxAddressOptions || addresses.Any(address => !address.IsV4 || address.IsUnspecified || address.IsMulticast))
            throw new RoutingException($"{what}: these are up to {MaxAddressOptions} IPv4 addresses of stations");
    }

    private static bool IsHost(DhcpPool pool, IpAddress address) =>
        pool.Network.Contains(address) && address != pool.Network.Address && address.V4 != (pool.Network.Address.V4 | (uint.MaxValue >> pool.Network.Length));
}
