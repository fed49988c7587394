using System.Net;
using Fabric.Routing;
using Fabric.Routing.Forwarding;
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
    /// <param name="router">Whose.</param>
    /// <param name="route">The route.</param>
    /// <param name="numbers">Numbers of the interfaces by name.</param>
    internal static Route RouteOf(RouterModel router, StaticRouteModel route, IReadOnlyDictionary<string, int> numbers)
    {
        IpPrefix prefix = new(IpAddress.From(route.To.BaseAddress), route.To.PrefixLength);
        return new Route(prefix, RouteSource.Static, (byte)route.Distance, 0, (uint)route.Tag, KindOf(route.Kind), NextHopsOf(router, route, prefix, numbers));
    }

    /// <summary>A network in the wire's words.</summary>
    internal static IpPrefix PrefixOf((IPAddress Address, int PrefixLength) own) => new(IpAddress.From(own.Address), own.PrefixLength);

    private static NextHop[] NextHopsOf(RouterModel router, StaticRouteModel route, IpPrefix prefix, IReadOnlyDictionary<string, int> numbers)
    {
        if (route.Kind != "unicast")
            return [];
        if (route.Via.Count == 0)
            return [new NextHop(numbers[route.Out!], prefix.IsV4 ? IpAddress.AnyV4 : IpAddress.AnyV6)];
        return [.. route.Via.Select(via => new NextHop(numbers[route.Out ?? Towards(router, via)], IpAddress.From(via)))];
    }

    private static string Towards(RouterModel router, IPAddress via) =>
        router.Interfaces.Values.First(item => item.Addresses.Any(own => PrefixOf(own).Contains(IpAddress.From(via)))).Name;

    private static RouteKind KindOf(string kind) => kind switch
    {
        "blackhole" => RouteKind.BlackHole,
        "unreachable" => RouteKind.Unreachable,
        "prohibited" => RouteKind.Prohibited,
        _ => RouteKind.Unicast,
    };
}
