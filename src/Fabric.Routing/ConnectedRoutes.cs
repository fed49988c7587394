using Fabric.Routing.Forwarding;
using Fabric.Wire;

namespace Fabric.Routing;

/// <summary>The networks on a router's own interfaces, as routes (RFC 1812, 5.2.4.3).</summary>
internal sealed class ConnectedRoutes(RouterControl control)
{
    private Dictionary<IpPrefix, Route> _present = [];

    /// <summary>Brings the table up to date after an interface has changed.</summary>
    internal void Refresh()
    {
        Dictionary<IpPrefix, Route> wanted = [];
        foreach (LogicalInterface link in control.Links)
        {
            if (!link.IsUp)
                continue;
            foreach (IpPrefix own in link.State.Addresses)
            {
                // Link-local networks are on every link.
                if (own.IsV4 || !own.Address.IsLinkLocal)
                    wanted.TryAdd(own.Network, Make(own.Network, link));
            }
        }

        Dictionary<IpPrefix, Route> before = _present;
        _present = wanted;
        foreach (IpPrefix gone in before.Keys.Where(prefix => !wanted.ContainsKey(prefix)).ToArray())
            control.Routes.Withdraw(RouteSource.Connected, gone);
        foreach (Route route in wanted.Values.Where(route => !route.IsSameAs(before.GetValueOrDefault(route.Prefix))).ToArray())
            control.Routes.Update(route);
    }

    private static Route Make(IpPrefix network, LogicalInterface link) => new(
        network, RouteSource.Connected, 0, 0, 0, RouteKind.Unicast, [new NextHop(link.Index, network.IsV4 ? IpAddress.AnyV4 : IpAddress.AnyV6)]);
}
