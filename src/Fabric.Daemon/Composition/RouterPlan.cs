using System.Net;
using Fabric.Routing;
using Fabric.Routing.Forwarding;
using Fabric.Routing.Rib;
using Fabric.Topology;
using Fabric.Wire;

namespace Fabric.Daemon.Composition;

/// <summary>Says in the routing room's own words what the model says of routers.</summary>
internal static class RouterPlan
{
    /// <summary>The router, without its interfaces.</summary>
    internal static RouterOptions OptionsOf(RouterModel model) => new()
    {
        Name = model.Name,
        Seed = System.Security.Cryptography.RandomNumberGenerator.GetInt32(int.MaxValue),
    };

    /// <summary>The interface that is the router itself.</summary>
    internal static RouterInterfaceOptions LoopbackOf(RouterModel model) => new()
    {
        Name = $"{model.Name}.lo",
        Addresses = [.. model.Loopback.Select(PrefixOf)],
    };

    /// <summary>An interface on a cable.</summary>
    internal static RouterInterfaceOptions OptionsOf(RouterInterfaceModel model) => new()
    {
        Name = model.FullName,
        Mac = PortPlan.AddressOf(model.Mac),
        Addresses = [.. model.Addresses.Select(PrefixOf)],
        Vlan = model.Tag,
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

    /// <summary>A network in the wire's words.</summary>
    internal static IpPrefix PrefixOf((IPAddress Address, int PrefixLength) own) => new(IpAddress.From(own.Address), own.PrefixLength);

    private static RouteKind KindOf(string kind) => kind switch
    {
        "blackhole" => RouteKind.BlackHole,
        "unreachable" => RouteKind.Unreachable,
        "prohibited" => RouteKind.Prohibited,
        _ => RouteKind.Unicast,
    };
}
