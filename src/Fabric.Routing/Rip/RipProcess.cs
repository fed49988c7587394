using Fabric.Routing.Protocols;
using Fabric.Routing.Rib;
using Fabric.Wire;

namespace Fabric.Routing.Rip;

// RIP in a router
//
// The table. RIP knows each network by its distance alone: a metric of 1 … 15, and 16 for "not reachable". One table (RipTable) holds all
// that is told to neighbours: the router's own routes (networks of interfaces on which RIP runs, the default route it may offer, routes of
// other sources that are redistributed) and the routes learned. A learned route has one or more paths, all of the same metric: by which
// neighbour, through which gateway, until when. Only the best metric is kept; a worse offer is forgotten as soon as it is read, for it
// comes again within an update's time. What is learned goes into the router's RouteTable, and only when it changes: a refresh touches
// the path's time and nothing else.
//
// A route's life. It is born when a neighbour tells of a network with a metric below 16 after the link's cost is added. Its own neighbour
// may make it better, worse or dead; any other neighbour only better, equal (then it is a further path, or takes over from a path that has
// not been heard of for half its lifetime), or nothing. Every word of its neighbour puts its end off by the timeout (180 s). Past that, or
// when the neighbour says 16, or the link goes down, the path is gone; with the last path the route is dead: it is told of as unreachable
// for the garbage time (120 s), then forgotten. A dead route lives again when anybody offers the network.
//
// Three clocks. The update timer of each link (30 s ± 5 s by chance, so that routers do not fall into step) sends the whole table. A
// change sets the trigger: 1 … 5 s later by chance, the routes that have changed since are told on all links, once. Both go out in bursts
// of a few packets, as receivers have little room for what they have not read yet. The scan looks for
// paths and dead routes whose time has come; there are no timers of routes: the scan remembers the earliest end it has seen, refreshes
// only put ends off, so that in quiet times it runs once in a timeout. All are plain instants; Due is the earliest of them.
//
// Loops. What came from a link is told there as unreachable (poisoned reverse), not at all (simple split horizon), or as elsewhere. That
// prevents loops of two routers; longer ones count up to 16 and end there, faster by triggered updates.
//
// A neighbour's life. Anybody on the link who sends an authentic response from RIP's port is one. It is known by its address, has its
// counters and its last sequence number, and is forgotten when its link goes, or when room is needed and it has no routes. Nothing it says
// can make the tables larger than their limits; each packet and each entry refused is counted by reason, for link and neighbour.
//
// The other files: RipProcess.Routes.cs learns and forgets; RipProcess.Input.cs and RipProcess.Output.cs read and write packets.
//
// Standards: RFC 2453 (version 2), RFC 1058 (version 1), RFC 2080 (RIPng), RFC 4822 (authentication; RFC 2082 before it).

/// <summary>RIP versions 1 and 2 for IPv4, or RIPng for IPv6: one process of a router.</summary>
/// <remarks>All calls are made under the router's control lock. Time and chance are the router's.</remarks>
public sealed partial class RipProcess : IRoutingProtocol
{
    private readonly TimeProvider _calendar;
    private readonly Dictionary<int, RipLink> _byIndex = [];
    private readonly List<RipNeighbor?> _neighbors = [];
    private readonly List<int> _changed = [];
    private RipLink[] _links = [];
    private RipOptions _options;
    private IProtocolHost _host = null!;
    private RipTable _table = null!;
    private long _trigger = long.MaxValue;
    private long _scan = long.MaxValue;
    private bool _running;

    /// <summary>Makes a process; <see cref="Start"/> begins its work.</summary>
    /// <param name="options">How it is to work.</param>
    /// <param name="calendar">Tells the date, for the times of keys and for sequence numbers that grow from one start to the next.</param>
    /// <exception cref="RoutingException">An option is outside its range.</exception>
    public RipProcess(RipOptions options, TimeProvider calendar)
    {
        RipOptionsCheck.Throw(options);
        _options = options;
        _calendar = calendar;
    }

    /// <inheritdoc/>
    public string Name => _options.IsNg ? "ripng" : "rip";

    /// <inheritdoc/>
    public ushort Port => _options.IsNg ? RipView.PortNg : RipView.Port;

    /// <summary>How it works.</summary>
    public RipOptions Options => _options;

    /// <summary>Routes in its table: learned, dead and the router's own.</summary>
    public int Count => _table?.Count ?? 0;

    /// <inheritdoc/>
    public long Due
    {
        get
        {
            long due = Math.Min(_trigger, _scan);
            foreach (RipLink link in _links)
                due = Math.Min(due, Math.Min(link.NextUpdate, link.Resume));
            return due;
        }
    }

    private IpAddress Group => _options.IsNg ? RipView.GroupNg : RipView.Group;

    private long Garbage => Nanoseconds(_options.Interface.Timers.Garbage);

    /// <inheritdoc/>
    public void Start(IProtocolHost host)
    {
        _host = host;
        _table = new RipTable((ulong)host.Random.NextInt64());
        _running = true;
        if (_options.DefaultRoute != null)
            Originate(_options.IsNg ? IpPrefix.DefaultV6 : IpPrefix.DefaultV4);
    }

    /// <inheritdoc/>
    public void InterfaceChanged(RouterInterface @interface)
    {
        if (!_running)
            return;
        if (!_byIndex.TryGetValue(@interface.Index, out RipLink? link))
        {
            link = new RipLink(@interface, _options.Interface);
            _byIndex.Add(link.Index, link);
            _links = [.. _links, link];
        }

        link.Interface = @interface;
        Configure(link);
    }

    /// <inheritdoc/>
    public void InterfaceRemoved(RouterInterface @interface)
    {
        if (!_byIndex.TryGetValue(@interface.Index, out RipLink? link))
            return;
        InterfaceChanged(@interface with { IsUp = false });
        _byIndex.Remove(link.Index);
        _links = Array.FindAll(_links, other => other != link);
    }

    /// <inheritdoc/>
    public void RouteChanged(IpPrefix prefix, Route? before, Route? after)
    {
        bool others = (before != null && before.Source != RouteSource.Rip) || (after != null && after.Source != RouteSource.Rip);
        if (_running && others && prefix.IsV4 != _options.IsNg && (_options.Redistribute != Redistribution.None || prefix.Length == 0))
            Originate(prefix);
    }

    /// <inheritdoc/>
    public void Tick()
    {
        if (!_running)
            return;
        long now = _host.Now;
        if (_scan <= now)
            Scan(now);
        if (_trigger <= now)
            SendTriggered(now);
        foreach (RipLink link in _links)
        {
            if (link.Resume <= now)
                Pump(link, Burst);
            if (link.NextUpdate > now)
                continue;
            link.NextUpdate = now + Around(link.Options.Timers);
            SendUpdate(link, places: null);
        }
    }

    /// <summary>Works by other options from now on. Routes, neighbours and counters stay as far as the new options allow.</summary>
    /// <param name="options">Of the same family.</param>
    /// <exception cref="RoutingException">An option is outside its range.</exception>
    public void Reconfigure(RipOptions options)
    {
        RipOptionsCheck.Throw(options);
        if (options.IsNg != _options.IsNg)
            throw new RoutingException("a process of RIP cannot become one of RIPng, or the other way round: stop it and start another");
        _options = options;
        if (!_running)
            return;
        foreach (RipLink link in _links)
        {
            Configure(link);
            foreach (RipNeighbor neighbor in link.Neighbors.Values)
                neighbor.Distance = DistanceOf(neighbor.Address);
        }

        foreach (IpPrefix prefix in OwnPrefixes())
            Originate(prefix);
        PublishAll();
        _host.Hurry();
    }

    /// <inheritdoc/>
    public void Stop()
    {
        if (!_running)
            return;
        for (int place = 0; place < _table.End; place++)
        {
            if (_table[place].IsUsed && !_table[place].IsDead)
                Die(place, Garbage);
        }

        foreach (RipLink link in _links)
        {
            SendUpdate(link, places: null);
            Pump(link, int.MaxValue);
            link.NextUpdate = long.MaxValue;
            link.IsActive = false;
        }

        _running = false;
        _trigger = _scan = long.MaxValue;
    }

    private void Configure(RipLink link)
    {
        link.Options = _options.Interfaces.TryGetValue(link.Interface.Name, out RipInterfaceOptions? own) ? own : _options.Interface;
        link.Timeout = Nanoseconds(link.Options.Timers.Timeout);
        link.Garbage = Nanoseconds(link.Options.Timers.Garbage);
        bool active = link.Interface.IsUp && IsEnabled(link) && HasSource(link.Interface);
        bool was = link.IsActive;
        link.IsActive = active;
        if (!active)
        {
            link.Sendings.Clear();
            link.Resume = long.MaxValue;
        }

        foreach (RipNeighbor neighbor in link.Neighbors.Values)
        {
            if (!active || !IsNear(link, neighbor.Address))
                Forget(neighbor);
        }

        IpPrefix[] before = link.Networks;
        link.Networks = active ? NetworksOf(link.Interface) : [];
        foreach (IpPrefix network in before.Union(link.Networks))
            Originate(network);
        if (!active || link.Interface.IsLoopback || !Speaks(link))
            link.NextUpdate = long.MaxValue;
        else if (link.NextUpdate == long.MaxValue)
            link.NextUpdate = _host.Now + TriggerDelay();
        if (active && !was && !link.Interface.IsLoopback)
            Activate(link);
    }

    private void Activate(RipLink link)
    {
        _host.Join(link.Index, Group);
        SendRequest(link);
    }

    private bool IsEnabled(RipLink link) =>
        link.Options.Enabled ?? link.Interface.Addresses.Any(address => _options.Networks.Any(network => network.Contains(address.Address)));

    private bool HasSource(RouterInterface @interface) =>
        @interface.IsLoopback ? @interface.Addresses.Any(IsOfFamily) : (_options.IsNg ? @interface.LinkLocal : @interface.V4) != null;

    /// <summary>Whether it sends anything of itself.</summary>
    private bool Speaks(RipLink link) => (link.Options.Send != RipVersions.None || _options.IsNg) && (!link.Options.Passive || _options.Neighbors.Any(neighbor => IsNear(link, neighbor)));

    private bool IsOfFamily(IpPrefix prefix) => prefix.IsV4 != _options.IsNg;

    private IpPrefix[] NetworksOf(RouterInterface @interface) =>
        [.. @interface.Addresses.Where(address => IsOfFamily(address) && !address.Address.IsLinkLocal && !address.Address.IsLoopback)
            .Select(address => address.Network).Distinct()];

    private byte DistanceOf(IpAddress neighbor)
    {
        RipDistance? best = null;
        foreach (RipDistance distance in _options.Distances)
        {
            if (distance.Neighbors.Contains(neighbor) && (best == null || distance.Neighbors.Length > best.Neighbors.Length))
                best = distance;
        }

        return best?.Distance ?? _options.Distance;
    }

    private static bool IsNear(RipLink link, IpAddress address)
    {
        foreach (IpPrefix own in link.Interface.Addresses)
        {
            if (own.Contains(address))
                return true;
        }

        return false;
    }

    private bool IsOwn(IpAddress address)
    {
        foreach (RipLink link in _links)
        {
            foreach (IpPrefix own in link.Interface.Addresses)
            {
                if (own.Address == address)
                    return true;
            }
        }

        return false;
    }

    private long Around(RipTimers timers)
    {
        long jitter = Nanoseconds(timers.Jitter);
        return Nanoseconds(timers.Update) + (jitter == 0 ? 0 : _host.Random.NextInt64(-jitter, jitter + 1));
    }

    private long TriggerDelay()
    {
        RipTimers timers = _options.Interface.Timers;
        return _host.Random.NextInt64(Nanoseconds(timers.TriggerMin), Nanoseconds(timers.TriggerMax) + 1);
    }

    private static long Nanoseconds(TimeSpan span) => span.Ticks * TimeSpan.NanosecondsPerTick;
}
