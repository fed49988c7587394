using Fabric.Link;
using Fabric.Routing.Forwarding;
using Fabric.Routing.Neighbors;
using Fabric.Routing.Protocols;
using Fabric.Routing.Sockets;
using Fabric.Wire;

namespace Fabric.Routing;

/// <content>Interfaces, routes and what can be seen from outside.</content>
public sealed partial class Router
{
    private const int MinMtu = 1280;
    private const int MaxVlan = 4094;

    /// <summary>The interfaces there are now. Allocates.</summary>
    public IReadOnlyList<RouterInterface> Interfaces => Inside(control => control.Interfaces);

    /// <summary>The stations it knows on its links. Allocates.</summary>
    public IReadOnlyList<NeighborEntry> Neighbors => Inside(_ => _control.Neighbors.Snapshot());

    /// <summary>Every route of every source; the preferred one of a prefix first. Allocates.</summary>
    public IReadOnlyList<Route> Routes => Inside(control => (IReadOnlyList<Route>)[.. control.Routes.Routes]);

    /// <summary>Addresses of its interfaces that it does not use because somebody else has them. Allocates.</summary>
    public IReadOnlyList<(int Interface, IpAddress Address)> Duplicates =>
        Inside(_ => (IReadOnlyList<(int, IpAddress)>)[.. _control.Conflicts.Duplicates.Select(item => (item.Link.Index, item.Address))]);

    /// <summary>What an interface has carried.</summary>
    /// <param name="index">Number of the interface.</param>
    /// <returns>Nothing at all when there is none of that number.</returns>
    public InterfaceTraffic TrafficOf(int index) => Inside(
        _ => _control.Find(index) is { } link ? new InterfaceTraffic(link.Received, link.ReceivedBytes, link.Sent, link.SentBytes) : default);

    /// <summary>What it has done. Allocates.</summary>
    public RouterCounters Counters
    {
        get
        {
            Tally sum = new();
            sum.Add(_control.Tally);
            lock (_gate)
            {
                sum.Add(_retired);
                foreach (PortPath path in _paths.Values)
                    sum.Add(path.Tally);
                foreach (DatagramSocket socket in _control.Sockets)
                {
                    sum.Add(socket.Received);
                    sum.Add(socket.Sent);
                }
            }

            return sum.Snapshot();
        }
    }

    private readonly Tally _retired = new();

    /// <summary>Puts an interface on a port. Several may share one, each with another VLAN.</summary>
    /// <param name="port">The router's end of a cable. The router takes its link watcher.</param>
    /// <param name="options">What the interface is.</param>
    /// <returns>The interface.</returns>
    /// <exception cref="RoutingException">An option is outside its range, or contradicts another interface.</exception>
    public RouterInterface Attach(IPort port, RouterInterfaceOptions options) => Inside(_ =>
    {
        Check(options, hasPort: true);
        PortPath? path = _paths.GetValueOrDefault(port);
        if (path?.HasVlan(options.Vlan ?? 0) == true)
            throw new RoutingException($"interface {options.Name} of router {Name}: its port has an interface with the same VLAN already; give it another VLAN");
        LogicalInterface link = new(_control.ByIndex.Length, options, port, Addresses(options, withLinkLocal: options.UseV6));
        if (path is null)
        {
            path = new PortPath(this, port);
            Volatile.Write(ref _paths, new Dictionary<IPort, PortPath>(_paths, ReferenceEqualityComparer.Instance) { [port] = path });
            port.AttachLinkWatcher(this);
        }

        _control.Add(link);
        path.Add(link);

        // It may have changed before the watcher was there.
        _control.FollowPorts();
        return link.State;
    });

    /// <summary>Makes an interface without a link, that is always up.</summary>
    /// <param name="options">What it is; the Ethernet address does not matter.</param>
    /// <returns>The interface.</returns>
    /// <exception cref="RoutingException">An option is outside its range, or contradicts another interface.</exception>
    public RouterInterface AddLoopback(RouterInterfaceOptions options) => Inside(_ =>
    {
        Check(options, hasPort: false);
        LogicalInterface link = new(_control.ByIndex.Length, options, null, Addresses(options, withLinkLocal: false));
        _control.Add(link);
        return link.State;
    });

    /// <summary>Takes an interface away, with its routes and neighbours. A port with others goes on; the last one's is let go: it must not
    /// be polled any more.</summary>
    /// <param name="index">Number of the interface.</param>
    /// <returns>False when there is none of that number.</returns>
    public bool Detach(int index) => Inside(_ =>
    {
        if (_control.Find(index) is not { } link)
            return false;
        _control.Remove(link);
        if (link.Port is not { } port)
            return true;
        PortPath path = _paths[port];
        path.Remove(link);
        if (!path.IsEmpty)
            return true;
        Volatile.Write(ref _paths, new Dictionary<IPort, PortPath>(_paths.Where(item => item.Key != port), ReferenceEqualityComparer.Instance));
        _retired.Add(path.Tally);
        port.AttachLinkWatcher(null);
        return true;
    });

    /// <summary>Gives an interface other addresses.</summary>
    /// <param name="index">Number of the interface.</param>
    /// <param name="addresses">All of them; a link-local one is added as before.</param>
    /// <returns>How it is now.</returns>
    /// <exception cref="RoutingException">There is no such interface, or an address is none that an interface can have.</exception>
    public RouterInterface SetAddresses(int index, IReadOnlyList<IpPrefix> addresses) => Inside(_ =>
    {
        if (_control.Find(index) is not { } link)
            throw new RoutingException($"router {Name} has no interface number {index}: look which there are");
        RouterInterfaceOptions options = link.Options with { Addresses = addresses };
        CheckAddresses(options);
        link.State = link.State with { Addresses = Addresses(options, withLinkLocal: options.UseV6 && link.Port is not null) };
        _control.Changed(link);
        return link.State;
    });

    /// <summary>Puts a route in, in place of the one that its source had for its prefix.</summary>
    /// <param name="route">The route; its next hops name interfaces by number.</param>
    public void AddRoute(Route route) => Inside(control =>
    {
        control.Routes.Update(route);
        return true;
    });

    /// <summary>Takes a route out.</summary>
    /// <param name="source">Whose.</param>
    /// <param name="prefix">The network.</param>
    /// <returns>False when that source has none for it.</returns>
    public bool RemoveRoute(RouteSource source, IpPrefix prefix) => Inside(control => control.Routes.Withdraw(source, prefix));

    /// <summary>Says where a station is, which is then never asked.</summary>
    /// <param name="index">Number of the interface.</param>
    /// <param name="address">Its IP address.</param>
    /// <param name="mac">Its Ethernet address.</param>
    /// <exception cref="RoutingException">There is no such interface.</exception>
    public void AddNeighbor(int index, IpAddress address, MacAddress mac) => Inside(_ =>
    {
        if (_control.Find(index) is not { } link)
            throw new RoutingException($"router {Name} has no interface number {index}: look which there are");
        _control.Neighbors.Fix(link, address, mac);
        return true;
    });

    /// <summary>Starts a routing protocol in the router.</summary>
    /// <param name="protocol">Belongs to the router from now on; stopped with it.</param>
    /// <exception cref="RoutingException">Another protocol has its port.</exception>
    public void AddProtocol(IRoutingProtocol protocol) => Inside(_ =>
    {
        _control.Protocols.Add(protocol);
        return true;
    });

    private static IpPrefix[] Addresses(RouterInterfaceOptions options, bool withLinkLocal)
    {
        IEnumerable<IpPrefix> all = options.Addresses.Where(address => options.UseV6 || address.IsV4);
        if (withLinkLocal && !options.Addresses.Any(address => !address.IsV4 && address.Address.IsLinkLocal))
            all = all.Append(new IpPrefix(IpAddress.LinkLocal(options.Mac), 64));
        return [.. all.Distinct()];
    }

    private void Check(RouterInterfaceOptions options, bool hasPort)
    {
        string place = $"interface {options.Name} of router {Name}";
        if (_control.Links.Exists(link => link.Options.Name == options.Name))
            throw new RoutingException($"{place}: there is one of that name; choose another name");
        if (hasPort && (options.Mac.IsGroup || options.Mac == default))
            throw new RoutingException($"{place}: {options.Mac} is no station's Ethernet address; give it one whose first octet is even");
        if (options.Vlan is < 1 or > MaxVlan)
            throw new RoutingException($"{place}: VLAN {options.Vlan} is outside 1 … {MaxVlan}");
        if (options.Mtu is < MinMtu or > ushort.MaxValue)
            throw new RoutingException($"{place}: an MTU of {options.Mtu} is outside {MinMtu} … {ushort.MaxValue} bytes");
        if (options.Advertisements is { } told)
            CheckAdvertisements(told, place);
        CheckAddresses(options);
    }

    private static void CheckAdvertisements(RouterAdvertisementOptions options, string place)
    {
        if (options.MaxInterval.TotalSeconds is < 4 or > 1800)
            throw new RoutingException($"{place}: advertisements every {options.MaxInterval.TotalSeconds} s are outside 4 … 1800 s");
        if (options.Lifetime != TimeSpan.Zero && (options.Lifetime < options.MaxInterval || options.Lifetime.TotalSeconds > 9000))
            throw new RoutingException($"{place}: an advertised lifetime of {options.Lifetime.TotalSeconds} s is outside {options.MaxInterval.TotalSeconds} … 9000 s; 0 is for no default router");
    }

    private void CheckAddresses(RouterInterfaceOptions options)
    {
        foreach (IpPrefix address in options.Addresses)
        {
            if (!Sources.IsPossible(address.Address))
                throw new RoutingException($"interface {options.Name} of router {Name}: {address} is no address of a station; give it another");
        }
    }
}
