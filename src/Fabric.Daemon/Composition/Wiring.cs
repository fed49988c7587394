using Fabric.Daemon.Control;
using Fabric.Hosts;
using Fabric.Link;
using Fabric.Switch;
using Fabric.Switch.Acl;
using Fabric.Switch.Mirrors;
using Fabric.Switch.Snooping;
using Fabric.Switch.SpanningTree;
using Fabric.Topology;

namespace Fabric.Daemon.Composition;

/// <summary>The switches and routers of a running topology, the cables between them, what is plugged into them from outside, and the worker that moves
/// their frames.</summary>
internal sealed partial class Wiring : IDisposable
{
    /// <summary>Bytes that a cable holds in each direction: a burst of the longest super-frames, or of what a tunnel makes of them.</summary>
    private const int CableCapacity = 2 << 20;

    private readonly Dictionary<string, EthernetSwitch> _switches = [];
    private readonly Dictionary<string, RapidSpanningTree> _trees = [];
    private readonly OrderedDictionary<string, RunningRouter> _routers = [];
    private readonly Dictionary<string, Plugged> _ports = [];
    private readonly List<(LinkModel Model, MemoryLink Cable)> _links = [];
    private readonly Stack<IDisposable> _owned = new();
    private readonly Dictionary<string, AccessList> _lists;
    private readonly TopologyModel _model;
    private readonly TimeProvider _time;
    private readonly PortWorker _worker;

    /// <summary>Builds everything that needs no machine.</summary>
    /// <exception cref="LinkException">The host refuses an interface or a socket; nothing is left behind.</exception>
    public Wiring(TopologyModel model, TimeProvider time, EventLog events)
    {
        _model = model;
        _time = time;
        _lists = model.AccessLists.ToDictionary(item => item.Key, item => PortPlan.ListOf(item.Value));
        _worker = new PortWorker(model.Name);
        try
        {
            foreach (SwitchModel item in model.Switches.Values)
                AddSwitch(model, item, time);
            foreach (RouterModel router in model.Routers.Values)
                _routers.Add(router.Name, new RunningRouter(router, model, time));
            foreach (LinkModel link in model.Links)
                AddLink(link);
            AddCables(events);
            AddOutside(time);
            AddOverlays(events);
        }
        catch
        {
            Dispose();
            throw;
        }

        foreach (SwitchModel item in model.Switches.Values)
        {
            int ports = _ports.Values.Count(port => port.Switch == item.Name) + model.Vms.Values.Sum(vm => vm.Nics.Count(nic => nic.To == item.Name))
                + model.Hosts.Values.Count(host => host.To == item.Name);
            events.Add(TopologyEventKind.Switch, item.Name, $"{ports} port{(ports == 1 ? "" : "s")}{(item.Mtu == MacText.UsualMtu ? "" : $", MTU {item.Mtu}")}");
        }
    }

    /// <summary>Routers by name, in the file's order.</summary>
    public IReadOnlyDictionary<string, RunningRouter> Routers => _routers;

    /// <summary>Switches by name.</summary>
    public IReadOnlyDictionary<string, EthernetSwitch> Switches => _switches;

    /// <summary>Connects a host's port to its switch, and starts the host.</summary>
    public void Plug(HostModel host, HostPort port)
    {
        Attach(port, host.To, host.Port);
        port.Host.Start();
    }

    /// <summary>Takes a host's port out again; when this returns nothing touches it.</summary>
    public void Unplug(HostModel host, HostPort port)
    {
        TakeOut(port, host.To);
    }

    /// <summary>Connects a machine's ports to the switches that its NICs name.</summary>
    public void Plug(VmModel vm, IReadOnlyList<IPort> ports)
    {
        for (int i = 0; i < ports.Count; i++)
            Attach(ports[i], vm.Nics[i].To, vm.Nics[i].Port);
    }

    /// <summary>Takes a machine's ports out again; when this returns nothing touches them.</summary>
    public void Unplug(VmModel vm, IReadOnlyList<IPort> ports)
    {
        for (int i = 0; i < ports.Count; i++)
        {
            TakeOut(ports[i], vm.Nics[i].To);
        }
    }

    /// <summary>Sets going what routers do of themselves, once everything is plugged in.</summary>
    public void BeginRouting(EventLog events)
    {
        foreach (RunningRouter router in _routers.Values)
        {
            router.Begin();
            events.Add(TopologyEventKind.Router, router.Model.Name, router.Summary);
        }
    }

    /// <summary>Cuts or mends the cables between two switches, routers or interfaces.</summary>
    /// <returns>Number of cables between them.</returns>
    public int SetLink(string one, string other, bool up)
    {
        int count = 0;
        foreach ((LinkModel model, MemoryLink cable) in _links)
        {
            if (!model.Joins(one, other))
                continue;
            cable.SetUp(up);
            count++;
        }

        return count + SetCables(one, other, up);
    }

    /// <summary>How every port of a switch stands now.</summary>
    public IReadOnlyList<SwitchPortStatus> PortsOf(string name)
    {
        EthernetSwitch owner = _switches[name];
        SpanningTreeStatus? tree = TreeOf(name);
        return [.. _ports.Values.Where(port => port.Switch == name).Select(port => Describe(owner, port.Port, tree))];
    }

    /// <summary>The spanning tree as a switch sees it; null where it speaks none.</summary>
    public SpanningTreeStatus? TreeOf(string name) => _trees.TryGetValue(name, out RapidSpanningTree? tree) ? _switches[name].AskProtocol(tree.ReadStatus) : null;

    public void Dispose()
    {
        _worker.Dispose();
        foreach (RunningRouter router in _routers.Values)
            router.Dispose();
        foreach (EthernetSwitch item in _switches.Values)
            item.Dispose();
        while (_owned.TryPop(out IDisposable? owned))
            owned.Dispose();
    }

    private static SwitchPortStatus Describe(EthernetSwitch owner, IPort port, SpanningTreeStatus? tree)
    {
        PortStatus status = owner.Status(port);
        PortTreeStatus? inTree = tree?.Ports.FirstOrDefault(item => item.Port == status.Number);
        string state = status.IsShut ? "shut" : !port.IsUp ? "down" : status.State.ToString().ToLowerInvariant();
        return new SwitchPortStatus(port.Name, state, inTree?.Role.ToString().ToLowerInvariant());
    }

    private void AddSwitch(TopologyModel model, SwitchModel item, TimeProvider time)
    {
        SwitchOptions options = new() { AgeingTime = item.Ageing, HashSeed = (ulong)System.Security.Cryptography.RandomNumberGenerator.GetInt32(int.MaxValue) };
        EthernetSwitch made = new(item.Name, time, item.MaxAddresses is int most ? options with { MaxEntries = most } : options);
        _switches.Add(item.Name, made);
        if (item.Snooping is { } snooping)
        {
            MulticastSnooper snooper = made.SetSnooper(control => new MulticastSnooper(control, PortPlan.AddressOf(item.BridgeAddress!), time))!;
            _snoopers.Add(item.Name, snooper);
            made.AskProtocol(() =>
            {
                foreach (int vlan in PortPlan.VlansOf(snooping))
                    snooper.Enable(vlan, PortPlan.OptionsOf(snooping));
                return true;
            });
        }

        if (item.SpanningTree is { } tree)
            _trees.Add(item.Name, made.AttachProtocol(control => new RapidSpanningTree(control, PortPlan.AddressOf(item.BridgeAddress!), PortPlan.TreeOptionsOf(tree))));
    }

    private void AddLink(LinkModel link)
    {
        MemoryLink cable = new(link.PortA, link.PortB, FrameOffloads.All, FrameOffloads.All, CableCapacity);
        _owned.Push(cable);
        _links.Add((link, cable));
        Attach(cable.First, link.A, link.Port, link.B);
        Attach(cable.Second, link.B, link.Port, link.A);
    }

    private void TakeOut(IPort port, string from)
    {
        if (LinkModel.IsInterface(from))
        {
            // The worker first: a router's port is polled by nobody once its interface is gone.
            RunningRouter router = _routers[LinkModel.NodeOf(from)];
            _worker.Remove(router.PortOf(from));
            router.Detach(from);
            return;
        }

        IPort plugged = _ports[port.Name].Port;
        _worker.Remove(plugged);
        _switches[from].Detach(plugged);
        _ports.Remove(port.Name);
        (plugged as ShapedPort)?.Dispose();
        SetMirrors(from);
    }

    private void Attach(IPort bare, string to, PortModel options, string? otherEnd = null, int mtu = int.MaxValue)
    {
        if (LinkModel.IsInterface(to))
        {
            RunningRouter router = _routers[LinkModel.NodeOf(to)];
            _worker.Add(router.Attach(bare, to, otherEnd ?? bare.Name, mtu), router.Router);
            return;
        }

        IPort port = Shape(bare, options);
        PlugIn(port, to, options);
        _worker.Add(port, _switches[to]);
    }

    /// <summary>Makes a port one of a switch, without anybody who polls it.</summary>
    private void PlugIn(IPort port, string to, PortModel options)
    {
        EthernetSwitch owner = _switches[to];
        owner.Attach(port, PortPlan.OptionsOf(options, _lists));
        if (_trees.TryGetValue(to, out RapidSpanningTree? tree))
            owner.AskProtocol(() => tree.Configure(owner.Status(port).Number, PortPlan.TreeOptionsOf(options)));
        _ports.Add(port.Name, new Plugged(port, to));
        SetMirrors(to);
    }

    /// <summary>A mirror whose target is not plugged in yet, or not any more, copies nothing.</summary>
    private void SetMirrors(string name)
    {
        if (_model.Switches[name].Mirrors is { Count: > 0 } mirrors)
            _switches[name].SetMirrors([.. mirrors.Select(mirror => PortPlan.SessionOf(mirror, port => _ports.GetValueOrDefault(port)?.Port)).OfType<MirrorSession>()]);
    }

    private sealed record Plugged(IPort Port, string Switch);
}
