using System.Text.Json;
using Fabric.Daemon.Control;
using Fabric.Link;
using Fabric.Routing;
using Fabric.Routing.Dhcp;
using Fabric.Routing.Rib;
using Fabric.Routing.Rip;
using Fabric.Topology;
using Fabric.Wire;

namespace Fabric.Daemon.Composition;

/// <summary>A router of a running topology: the model's names on one side, the router's numbers on the other.</summary>
internal sealed class RunningRouter : IDisposable
{
    private const string LoopbackName = "lo";

    private readonly TimeProvider _time;
    private readonly RouteAges _ages;
    private readonly TopologyModel _topology;
    private readonly List<RipProcess> _rip = [];
    private DhcpServer? _dhcp;
    private readonly Dictionary<string, int> _numbers = [];
    private readonly Dictionary<string, Cable> _cables = [];

    /// <summary>Builds the router without its interfaces.</summary>
    /// <param name="model">What it is made of.</param>
    /// <param name="topology">What it is part of.</param>
    /// <param name="time">Clock.</param>
    public RunningRouter(RouterModel model, TopologyModel topology, TimeProvider time)
    {
        _topology = topology;
        Model = model;
        _time = time;
        _ages = new RouteAges(time);
        Router = new Router(RouterPlan.OptionsOf(model), time);
        Router.Inside(host =>
        {
            host.Routes.Subscribe(_ages);
            return true;
        });
        if (model.Loopback.Count > 0)
            _numbers[LoopbackName] = Router.AddLoopback(RouterPlan.LoopbackOf(model)).Index;
    }

    /// <summary>What it is made of.</summary>
    public RouterModel Model { get; }

    /// <summary>The router itself.</summary>
    public Router Router { get; }

    /// <summary>Captures that look at the router's ports and are told what it drops.</summary>
    public FrameObservers Observers => Router.Observers;

    /// <summary>The ports that are plugged in now, in the order of the interfaces.</summary>
    public IReadOnlyList<IPort> Ports => [.. Model.Interfaces.Values.Select(item => _cables.GetValueOrDefault(item.Name)).OfType<Cable>().Select(cable => (IPort)cable.Port)];

    /// <summary>Puts an interface, and those that go over it, on a port.</summary>
    /// <param name="port">The router's end of its cable; stays the caller's.</param>
    /// <param name="fullName">Name of the interface, such as <c>r1.lan</c>.</param>
    /// <param name="to">What is at the other end, for people.</param>
    /// <param name="mtu">Longest packet that the cable carries, where that may be less than the interface's own MTU.</param>
    /// <returns>What a worker polls, with the router as sink.</returns>
    public IPort Attach(IPort port, string fullName, string to, int mtu = int.MaxValue)
    {
        RouterInterfaceModel own = Find(fullName);
        ObservedPort observed = new(port, Observers);
        foreach (RouterInterfaceModel item in Model.Interfaces.Values.Where(item => item == own || item.Over == own.Name))
            _numbers[item.Name] = Router.Attach(observed, RouterPlan.OptionsOf(Model, item with { Mtu = Math.Min(item.Mtu, mtu) }, _topology.AccessLists)).Index;
        _cables.Add(own.Name, new Cable(observed, to));
        return observed;
    }

    /// <summary>What a worker polls for an interface.</summary>
    /// <param name="fullName">Name of the interface, which is on a port.</param>
    public IPort PortOf(string fullName) => _cables[Find(fullName).Name].Port;

    /// <summary>The port of an interface that has a cable of its own, or null. It has the interface's name, but for one that a host, a NIC
    /// or a TAP is plugged into.</summary>
    /// <param name="fullName">Name of the interface.</param>
    public IPort? FindPort(string fullName) =>
        Model.Interfaces.Values.FirstOrDefault(item => item.FullName == fullName) is { } own ? _cables.GetValueOrDefault(own.Name)?.Port : null;

    /// <summary>Takes an interface off its port again, and those that go over it. Its worker polls the port no more.</summary>
    /// <param name="fullName">Name of the interface.</param>
    public void Detach(string fullName)
    {
        RouterInterfaceModel own = Find(fullName);
        foreach (RouterInterfaceModel item in Model.Interfaces.Values.Where(item => item == own || item.Over == own.Name))
        {
            if (_numbers.Remove(item.Name, out int number))
                Router.Detach(number);
        }

        _cables.Remove(own.Name);
    }

    /// <summary>Sets everything going that needs the interfaces.</summary>
    public void Begin()
    {
        if (Model.Routes.Count > 0)
        {
            StaticRouting routing = new(RouterPlan.TrackingOf(Model), Router.Probe);
            foreach (StaticRouteModel route in Model.Routes)
                routing.Add(RouterPlan.RouteOf(route, _numbers));
            Router.AddProtocol(routing);
        }

        if (Model.Dhcp.Count > 0)
        {
            _dhcp = new DhcpServer(RouterPlan.ServerOf(Model), Router.Probe);
            Router.AddProtocol(_dhcp);
        }

        foreach (RipModel rip in new[] { Model.Rip, Model.Ripng }.OfType<RipModel>())
        {
            RipProcess process = new(RipPlan.OptionsOf(Model, rip, _topology.PrefixLists), _time);
            Router.AddProtocol(process);
            _rip.Add(process);
        }
    }

    /// <summary>What it is, in a line.</summary>
    public string Summary
    {
        get
        {
            List<string> parts = [$"{Model.Interfaces.Count} interface{(Model.Interfaces.Count == 1 ? "" : "s")}"];
            if (Model.Routes.Count > 0)
                parts.Add($"{Model.Routes.Count} static route{(Model.Routes.Count == 1 ? "" : "s")}");
            if (Model.Rip is not null)
                parts.Add("RIP");
            if (Model.Ripng is not null)
                parts.Add("RIPng");
            if (Model.Dhcp.Count > 0)
                parts.Add("DHCP");
            if (Model.Advertise.Count > 0)
                parts.Add("router advertisements");
            return string.Join(", ", parts);
        }
    }

    /// <summary>How it stands.</summary>
    public RouterStatus Status()
    {
        IReadOnlyList<RouterInterface> now = Router.Interfaces;
        return new RouterStatus(
            Model.Name,
            [.. Model.Interfaces.Values.Select(item => Describe(item, now.FirstOrDefault(state => state.Name == item.FullName)))],
            [.. Model.Loopback.Select(own => $"{own.Address}/{own.PrefixLength}")],
            Router.Inside(host => host.Routes.Count));
    }

    /// <summary>Every route, in the order of addresses, those of a prefix in the order of preference.</summary>
    public IReadOnlyList<RouteStatus> Routes()
    {
        Dictionary<int, string> names = Names();
        return Router.Inside(host => (IReadOnlyList<RouteStatus>)
        [
            .. host.Routes.Routes.Select(route => (Route: route, IsBest: ReferenceEquals(host.Routes.Find(route.Prefix), route)))
                .OrderBy(item => !item.Route.Prefix.IsV4).ThenBy(item => item.Route.Prefix.Address.Bits).ThenBy(item => item.Route.Prefix.Length).ThenByDescending(item => item.IsBest)
                .Select(item => Describe(item.Route, item.IsBest, names)),
        ]);
    }

    /// <summary>The stations on its links, by interface and address.</summary>
    public IReadOnlyList<NeighborStatus> Neighbors()
    {
        Dictionary<int, string> names = Names();
        return
        [
            .. Router.Neighbors.OrderBy(entry => entry.Interface).ThenBy(entry => !entry.Address.IsV4).ThenBy(entry => entry.Address.Bits)
                .Select(entry => new NeighborStatus(Model.Name, names.GetValueOrDefault(entry.Interface, "-"), $"{entry.Address}", entry.Mac == default ? null : $"{entry.Mac}", Word(entry.State))),
        ];
    }

    /// <summary>RIP and RIPng, as far as it speaks them.</summary>
    public IReadOnlyList<RipReport> Rip()
    {
        Dictionary<int, string> names = Names();
        return [.. _rip.Select(process => RipPlan.ReportOf(Model.Name, process, Router.Inside(_ => process.ReadStatus()), names))];
    }

    /// <summary>The addresses that its DHCP server has given out, those that are somebody's.</summary>
    public IReadOnlyList<LeaseStatus> Leases() => _dhcp is not { } server ? [] :
    [
        .. Router.Inside(_ => server.Leases()).Where(lease => lease.State != DhcpLeaseState.Free)
            .Select(lease => new LeaseStatus(Model.Name, $"{lease.Address}", $"{lease.Mac}", lease.HostName, Word(lease.State), Math.Round(lease.Remaining.TotalSeconds))),
    ];

    /// <summary>The address that its DHCP server has given to a client, with the length of its network's prefix; null without one.</summary>
    public IpPrefix? FindLease(MacAddress client)
    {
        if (_dhcp is not { } server || Router.Inside(_ => server.Leases()).FirstOrDefault(lease => lease.Mac == client && lease.State == DhcpLeaseState.Bound) is not { } found)
            return null;
        IpPrefix network = Model.Dhcp.Keys.SelectMany(name => Model.Interfaces[name].Addresses).Select(RouterPlan.PrefixOf).FirstOrDefault(own => own.Network.Contains(found.Address));
        return new IpPrefix(found.Address, network.Length);
    }

    /// <summary>What it and its ports have done.</summary>
    public RouterStatistics Statistics(double seconds)
    {
        RouterCounters counters = Router.Counters;
        return new RouterStatistics(
            Model.Name, Math.Round(seconds, 3), counters.Received, counters.Forwarded, counters.Delivered, counters.Originated, Words(counters.Drops), [.. Ports.Select(Describe)]);
    }

    public void Dispose() => Router.Dispose();

    private RouterInterfaceModel Find(string fullName) => Model.Interfaces.Values.First(item => item.FullName == fullName);

    /// <summary>A next hop with the interface's name.</summary>
    /// <param name="hop">The next hop.</param>
    /// <param name="names">Names of the interfaces by number.</param>
    internal static NextHopStatus Describe(NextHop hop, IReadOnlyDictionary<int, string> names) =>
        new(names.GetValueOrDefault(hop.Interface) ?? "-", hop.IsOnLink ? null : $"{hop.Gateway}");

    /// <summary>Numbers by reason, in the words of JSON and in their order.</summary>
    /// <param name="counts">The numbers.</param>
    internal static SortedDictionary<string, long> Words<T>(IReadOnlyDictionary<T, long> counts)
        where T : struct, Enum
    {
        SortedDictionary<string, long> words = [];
        foreach ((T reason, long count) in counts)
            words[JsonNamingPolicy.CamelCase.ConvertName(reason.ToString())] = count;
        return words;
    }

    private static PortStatistics Describe(IPort port) => new(
        port.Name,
        port.IsUp,
        port.IsUp ? "up" : "down",
        port.Counters.ReceivedFrames,
        port.Counters.ReceivedBytes,
        port.Counters.TransmittedFrames,
        port.Counters.TransmittedBytes,
        RunningTopology.DropsOf(port.Counters.ReceiveDrops),
        RunningTopology.DropsOf(port.Counters.TransmitDrops));

    private static string Word<T>(T value)
        where T : struct, Enum => value.ToString().ToLowerInvariant();

    private RouterPortStatus Describe(RouterInterfaceModel item, RouterInterface? now) => new(
        item.FullName,
        now is { IsUp: true } ? "up" : "down",
        item.Over is { } over ? $"{Model.Name}.{over}" : _cables.GetValueOrDefault(item.Name)?.To ?? "-",
        item.Tag,
        MacText.Of(item.Mac),
        now?.Mtu ?? item.Mtu,
        [.. item.Addresses.Select(own => $"{own.Address}/{own.PrefixLength}")]);

    private RouteStatus Describe(Route route, bool isBest, Dictionary<int, string> names) => new(
        Model.Name,
        $"{route.Prefix}",
        Word(route.Source),
        Word(route.Kind),
        route.Distance,
        route.Metric,
        route.Tag,
        isBest,
        isBest ? (long?)_ages.Of(route.Prefix)?.TotalSeconds : null,
        [.. route.NextHops.Select(hop => Describe(hop, names))]);


    private Dictionary<int, string> Names() => Router.Interfaces.ToDictionary(item => item.Index, item => item.Name);

    private sealed record Cable(ObservedPort Port, string To);
}
