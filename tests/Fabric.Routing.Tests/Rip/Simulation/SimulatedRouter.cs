using Fabric.Routing.Protocols;
using Fabric.Routing.Rib;
using Fabric.Routing.Rip;
using Fabric.Wire;

namespace Fabric.Routing.Tests.Rip.Simulation;

/// <summary>A router without a data plane: its table, its interfaces, and the protocols it runs.</summary>
internal sealed class SimulatedRouter(Network network, string name, Random random) : IProtocolHost
{
    private readonly List<RouterInterface> _interfaces = [];
    private readonly List<(Segment? Segment, int Place)> _cables = [];
    private readonly List<RipProcess> _processes = [];
    private readonly HashSet<(int Interface, IpAddress Group)> _groups = [];
    private long _scheduled = long.MaxValue;

    public long Now => network.Now;

    public Random Random { get; } = random;

    public RouteTable Routes { get; } = new();

    public IReadOnlyList<RouterInterface> Interfaces => _interfaces;

    internal string Name { get; } = name;

    internal int NextInterface => _interfaces.Count;

    internal RipProcess Rip => _processes[0];

    internal RipStatus Status => Rip.ReadStatus();

    public void Join(int @interface, IpAddress group) => _groups.Add((@interface, group));

    public bool Send(in Datagram datagram)
    {
        (Segment? segment, int place) = _cables[datagram.Interface];
        if (segment == null || !_interfaces[datagram.Interface].IsUp)
            return false;
        Assert.InRange(datagram.Payload.Length + (datagram.Source.IsV4 ? 28 : 48), 0, _interfaces[datagram.Interface].Mtu);
        segment.Send(place, datagram);
        return true;
    }

    public void Hurry() => Reschedule();

    public override string ToString() => Name;

    internal void Run(RipProcess process)
    {
        _processes.Add(process);
        Routes.Subscribe(process);
        process.Start(this);
        foreach (RouterInterface one in _interfaces)
            process.InterfaceChanged(one);
        foreach (Route route in Routes.Best.ToArray())
            process.RouteChanged(route.Prefix, null, route);
        Reschedule();
    }

    /// <summary>A network without other routers on it, such as one of hosts.</summary>
    internal int AddNetwork(string addresses) => AddInterface(addresses, null, 0);

    internal int AddInterface(string addresses, Segment? segment, int place, int mtu = 1500)
    {
        int number = _interfaces.Count;
        MacAddress mac = MacAddress.FromBits(0x02 | ((ulong)Random.Next() << 8) | ((ulong)(byte)number << 40));
        IpPrefix[] own = [.. addresses.Split(' ').Select(Network.Prefix)];
        if (own.Any(address => !address.IsV4) && !own.Any(address => address.Address.IsLinkLocal && !address.IsV4))
            own = [.. own, new IpPrefix(IpAddress.LinkLocal(mac), 64)];
        _interfaces.Add(new RouterInterface(number, $"{Name}.{number}", true, segment == null, mtu, mac, own));
        _cables.Add((segment, place));
        Announce(number);
        return number;
    }

    internal void Change(int number, Func<RouterInterface, RouterInterface> change)
    {
        RouterInterface before = _interfaces[number];
        _interfaces[number] = change(before);
        foreach (IpPrefix gone in before.Addresses.Select(address => address.Network).Except(_interfaces[number].Addresses.Select(address => address.Network)))
            Routes.Withdraw(RouteSource.Connected, gone);
        Announce(number);
    }

    internal void SetUp(int number, bool up) => Change(number, one => one with { IsUp = up });

    internal void AddStatic(string prefix, string? gateway = null, int @interface = 0, byte distance = 1, uint tag = 0)
    {
        NextHop[] hops = gateway == null ? [] : [new NextHop(@interface, Network.Address(gateway))];
        Routes.Update(new Route(Network.Prefix(prefix), RouteSource.Static, distance, 0, tag, gateway == null ? RouteKind.BlackHole : RouteKind.Unicast, hops));
        Reschedule();
    }

    internal void RemoveStatic(string prefix)
    {
        Routes.Withdraw(RouteSource.Static, Network.Prefix(prefix));
        Reschedule();
    }

    /// <summary>Metric and next hops of a route, such as "2 via 10.0.0.1"; "none" for none.</summary>
    internal string Describe(string prefix)
    {
        Route? route = Routes.Find(Network.Prefix(prefix));
        return route == null ? "none" : $"{route.Metric} via {string.Join(", ", route.NextHops.Select(hop => hop.Gateway.IsUnspecified ? "link" : hop.Gateway.ToString()))}";
    }

    internal bool Takes(int number, IpAddress destination) => _interfaces[number].IsUp && (destination.IsMulticast
        ? _groups.Contains((number, destination))
        : _interfaces[number].IsOwn(destination) || IsBroadcast(number, destination));

    internal void Accept(in Datagram datagram)
    {
        foreach (RipProcess process in _processes)
        {
            if (process.Port == datagram.DestinationPort)
                process.Accept(datagram);
        }
    }

    internal void Wake(long scheduled)
    {
        if (scheduled != _scheduled)
            return;
        _scheduled = long.MaxValue;
        foreach (RipProcess process in _processes)
        {
            if (process.Due <= Now)
                process.Tick();
        }

        Reschedule();
    }

    internal void Reschedule()
    {
        long due = long.MaxValue;
        foreach (RipProcess process in _processes)
            due = Math.Min(due, process.Due);
        if (due >= _scheduled)
            return;
        _scheduled = Math.Max(due, Now);
        network.Schedule(this, _scheduled);
    }

    private void Announce(int number)
    {
        RouterInterface now = _interfaces[number];
        foreach (IpPrefix address in now.Addresses)
        {
            if (address.Address.IsLinkLocal)
                continue;
            if (now.IsUp)
                Routes.Update(new Route(address.Network, RouteSource.Connected, 0, 0, 0, RouteKind.Unicast, [new NextHop(number, address.IsV4 ? IpAddress.AnyV4 : IpAddress.AnyV6)]));
            else
                Routes.Withdraw(RouteSource.Connected, address.Network);
        }

        foreach (RipProcess process in _processes)
            process.InterfaceChanged(now);
        Reschedule();
    }

    private bool IsBroadcast(int number, IpAddress destination) => destination == IpAddress.BroadcastV4
        || _interfaces[number].Addresses.Any(own => own.IsV4 && destination.IsV4 && own.Length < 31 && destination.V4 == (own.Network.Address.V4 | (uint.MaxValue >> own.Length)));
}
