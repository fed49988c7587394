using System.Net;
using System.Net.Sockets;
using Fabric.Routing;
using Fabric.Routing.Acl;
using Fabric.Routing.Dhcp;
using Fabric.Routing.Forwarding;
using Fabric.Routing.Neighbors;
using Fabric.Routing.Rib;
using Fabric.Topology;
using Fabric.Wire;

namespace Fabric.Daemon.Composition;

/// <summary>Says in the routing room's own words what the model says of routers.</summary>
internal static class RouterPlan
{
    /// <summary>The router, without its interfaces.</summary>
    internal static RouterOptions OptionsOf(RouterModel model)
    {
        RouterOptions usual = new() { Name = model.Name, Seed = System.Security.Cryptography.RandomNumberGenerator.GetInt32(int.MaxValue) };
        RouterLimitsModel limits = model.Limits;
        return usual with
        {
            MaxNeighbors = limits.Neighbors ?? usual.MaxNeighbors,
            MaxUnanswered = limits.Unanswered ?? usual.MaxUnanswered,
            MaxWaiting = limits.Waiting ?? usual.MaxWaiting,
            MaxWaitingForOne = limits.WaitingForOne ?? usual.MaxWaitingForOne,
            MaxReassemblies = limits.Reassemblies ?? usual.MaxReassemblies,
            MaxGroups = limits.Groups ?? usual.MaxGroups,
            ErrorsPerSecond = limits.IcmpErrors ?? usual.ErrorsPerSecond,
            ErrorBurst = limits.IcmpBurst ?? usual.ErrorBurst,
        };
    }

    /// <summary>How targets of static routes are tracked.</summary>
    internal static TrackingOptions TrackingOf(RouterModel model) => new()
    {
        Interval = model.Tracking.Interval,
        Misses = model.Tracking.Misses,
        Answers = model.Tracking.Answers,
    };

    /// <summary>The interface that is the router itself.</summary>
    internal static RouterInterfaceOptions LoopbackOf(RouterModel model) => new()
    {
        Name = $"{model.Name}.lo",
        Addresses = [.. model.Loopback.Select(PrefixOf)],
    };

    /// <summary>An interface on a cable.</summary>
    /// <param name="router">The router.</param>
    /// <param name="model">The interface.</param>
    /// <param name="lists">Access lists by name, those that a router can use.</param>
    internal static RouterInterfaceOptions OptionsOf(RouterModel router, RouterInterfaceModel model, IReadOnlyDictionary<string, AccessListModel> lists) => new()
    {
        AccessIn = model.FilterIn is { } first ? ListOf(lists[first]) : null,
        AccessOut = model.FilterOut is { } second ? ListOf(lists[second]) : null,
        DetectConflicts = model.DetectsConflicts,
        Advertisements = router.Advertise.TryGetValue(model.Name, out AdvertiseModel? advertise) ? OptionsOf(advertise) : null,
        Name = model.FullName,
        Mac = PortPlan.AddressOf(model.Mac),
        Addresses = [.. model.Addresses.Select(PrefixOf)],
        Vlan = model.Tag,
        UseV6 = model.UsesV6,
        Mtu = model.Mtu,
        ReversePath = model.ReversePath switch
        {
            "strict" => ReversePathCheck.Strict,
            "loose" => ReversePathCheck.Loose,
            _ => ReversePathCheck.Off,
        },
    };

    /// <summary>A static route.</summary>
    /// <param name="route">The route.</param>
    /// <param name="numbers">Numbers of the interfaces by name.</param>
    internal static StaticRoute RouteOf(StaticRouteModel route, IReadOnlyDictionary<string, int> numbers)
    {
        int? outOf = route.Out is { } name ? numbers[name] : null;
        return new StaticRoute(new IpPrefix(IpAddress.From(route.To.BaseAddress), route.To.PrefixLength))
        {
            Kind = KindOf(route.Kind),
            NextHops = route.Kind != "unicast" ? [] : route.Via.Count == 0 ? [new StaticNextHop(null, outOf)] : [.. route.Via.Select(via => new StaticNextHop(IpAddress.From(via), outOf))],
            Distance = (byte)route.Distance,
            Tag = (uint)route.Tag,
            Track = route.Track is null ? null : IpAddress.From(route.Track),
        };
    }

    /// <summary>The DHCP server.</summary>
    internal static DhcpServerOptions ServerOf(RouterModel router) => new() { Pools = [.. router.Dhcp.Select(item => PoolOf(router.Interfaces[item.Key], item.Value))] };

    /// <summary>A network in the wire's words.</summary>
    internal static IpPrefix PrefixOf((IPAddress Address, int PrefixLength) own) => new(IpAddress.From(own.Address), own.PrefixLength);

    private static DhcpPool PoolOf(RouterInterfaceModel at, DhcpPoolModel pool) =>
        new(PrefixOf(at.Addresses.First(own => own.Address.AddressFamily == AddressFamily.InterNetwork)).Network, IpAddress.From(pool.First), IpAddress.From(pool.Last))
        {
            Lease = pool.Lease,
            Routers = [IpAddress.From(pool.Gateway)],
            NameServers = [.. pool.Dns.Select(IpAddress.From)],
            Domain = pool.Domain,
            Mtu = pool.Mtu,
            Routes = [.. RoutesOf(pool)],
            Static = [.. pool.Static.Select(item => new DhcpStaticLease(IpAddress.From(item.Address)) { Mac = PortPlan.AddressOf(item.Mac) })],
        };

    // A client that is told of routes ignores the gateway that stands beside them (RFC 3442), so that it goes among them.
    private static IEnumerable<(IpPrefix Network, IpAddress Gateway)> RoutesOf(DhcpPoolModel pool)
    {
        foreach ((IPNetwork to, IPAddress via) in pool.Routes)
            yield return (PrefixOf((to.BaseAddress, to.PrefixLength)), IpAddress.From(via));
        if (pool.NeedsDefault)
            yield return (IpPrefix.DefaultV4, IpAddress.From(pool.Gateway));
    }

    private static RouterAdvertisementOptions OptionsOf(AdvertiseModel model) => new()
    {
        MaxInterval = model.Interval,
        Lifetime = model.Lifetime,
        ValidLifetime = model.Valid,
        PreferredLifetime = model.Preferred,
        HopLimit = (byte)model.HopLimit,
        IsManaged = model.IsManaged,
        HasOther = model.HasOther,
        NameServers = [.. model.Dns.Select(IpAddress.From)],
    };

    private static AccessList ListOf(AccessListModel list) =>
        new(list.Name, [.. list.Rules.Select(RuleOf)], list.PermitsOtherwise ? AccessAction.Permit : AccessAction.Deny);

    private static AccessRule RuleOf(AccessRuleModel rule) => new()
    {
        Action = rule.Permits ? AccessAction.Permit : rule.Rejects ? AccessAction.Reject : AccessAction.Deny,
        From = rule.From is { } from ? PrefixOf((from.BaseAddress, from.PrefixLength)) : rule is { Protocol: "ip", To: null } ? IpPrefix.DefaultV4 : null,
        To = rule.To is { } to ? PrefixOf((to.BaseAddress, to.PrefixLength)) : null,
        Protocol = rule.Protocol switch { "tcp" => IpProtocol.Tcp, "udp" => IpProtocol.Udp, "icmp" => IpProtocol.Icmp, "icmp6" => IpProtocol.IcmpV6, _ => null },
        FromPorts = RangeOf(rule.FromPorts),
        ToPorts = RangeOf(rule.ToPorts),
    };

    private static PortRange? RangeOf((int First, int Last)? ports) => ports is { } range ? new PortRange((ushort)range.First, (ushort)range.Last) : null;

    private static RouteKind KindOf(string kind) => kind switch
    {
        "blackhole" => RouteKind.BlackHole,
        "unreachable" => RouteKind.Unreachable,
        "prohibited" => RouteKind.Prohibited,
        _ => RouteKind.Unicast,
    };
}
