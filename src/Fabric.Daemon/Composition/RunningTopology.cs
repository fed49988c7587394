using Fabric.Daemon.Control;
using Fabric.Daemon.Snapshots;
using Fabric.Topology;
using Fabric.Vmm;

namespace Fabric.Daemon.Composition;

/// <summary>A topology as it runs: the images, disks, switches and machines built from a model, and the order in which they come and go.</summary>
/// <remarks>
/// <para>Built in the order images, disks (with their locks), switches and workers, machines; taken down in reverse. <see cref="StartAsync"/>
/// is all or nothing: when it throws, everything it had built is gone again. Usable in process, without the daemon around it.</para>
/// <para>Members may be called from any thread; <see cref="StartAsync"/> once.</para>
/// </remarks>
public sealed partial class RunningTopology : IAsyncDisposable
{
    private readonly TimeProvider _time;
    private readonly long _started;
    private readonly StateFolder _folder;
    private readonly OrderedDictionary<string, RunningVm> _vms = [];
    private readonly Stack<Func<ValueTask>> _takeDown = new();
    private readonly SemaphoreSlim _changing = new(1);
    private DiskShelf? _disks;
    private Wiring? _wiring;
    private volatile TopologyState _state = TopologyState.Starting;

    /// <summary>A topology that is not started yet.</summary>
    /// <param name="model">What it is made of.</param>
    /// <param name="folder">Where its overlays and logs are kept.</param>
    /// <param name="time">Clock of machines, switches and events.</param>
    public RunningTopology(TopologyModel model, StateFolder folder, TimeProvider time)
    {
        Model = model;
        _folder = folder;
        _time = time;
        _started = time.GetTimestamp();
        Events = new EventLog(time);
        foreach (VmModel vm in model.Vms.Values)
            _vms.Add(vm.Name, new RunningVm(vm, Events, LeaseOf));
    }

    /// <summary>What it is made of.</summary>
    public TopologyModel Model { get; }

    /// <summary>How it comes up, lives and goes down.</summary>
    public EventLog Events { get; }

    /// <summary>Where it stands.</summary>
    public TopologyState State => _state;

    /// <summary>Machines by name, in the file's order.</summary>
    public IReadOnlyDictionary<string, RunningVm> Vms => _vms;

    /// <summary>Builds and starts everything.</summary>
    /// <param name="cancel">Takes down again what has been built, and throws.</param>
    /// <exception cref="DaemonException">Something is missing, in use or too large for this machine.</exception>
    public async Task StartAsync(CancellationToken cancel)
    {
        await _changing.WaitAsync(cancel);
        try
        {
            await BuildAsync(cancel);
            _state = TopologyState.Running;
        }
        catch
        {
            await TakeDownAsync();
            throw;
        }
        finally
        {
            _changing.Release();
        }
    }

    /// <summary>Waits until every machine runs and every agent answers.</summary>
    /// <param name="cancel">Gives up waiting; nothing is stopped.</param>
    /// <exception cref="DaemonException">A machine ended before.</exception>
    public async Task WaitReadyAsync(CancellationToken cancel)
    {
        await Task.WhenAll(_vms.Values.Select(vm => vm.WaitReadyAsync(cancel)));

        // Whoever follows the start reads no further than this: what it found belongs before.
        await _overlayCheck.WaitAsync(cancel);
        Events.Add(TopologyEventKind.Ready, null, null);
    }

    /// <summary>Finds a machine.</summary>
    /// <param name="name">Its name.</param>
    /// <exception cref="DaemonException">There is none; the message names the nearest.</exception>
    public RunningVm FindVm(string name)
    {
        if (_vms.TryGetValue(name, out RunningVm? vm))
            return vm;
        string? near = NearestName.Find(name, _vms.Keys);
        string hint = near is not null ? $"did you mean {near}?" : _vms.Count == 0 ? "it has none" : $"it has {string.Join(", ", _vms.Keys)}";
        throw new DaemonException($"topology {Model.Name} has no VM '{name}'; {hint}") { StatusCode = 404 };
    }

    /// <summary>Cuts or mends the links between two switches, routers or interfaces of routers.</summary>
    /// <param name="one">A switch, a router, or an interface such as <c>r1.lan</c>.</param>
    /// <param name="other">Another.</param>
    /// <param name="up">True to mend them.</param>
    /// <returns>The two, as they stand right after.</returns>
    /// <exception cref="DaemonException">There is no such switch or router, or no link between them.</exception>
    public LinkStatus SetLink(string one, string other, bool up)
    {
        string[] ends = [FindEnd(one), FindEnd(other)];
        if (_wiring is not { } wiring)
            throw new DaemonException($"topology {Model.Name} is not that far yet; wait until it is up");
        if (wiring.SetLink(one, other, up) == 0)
            throw new DaemonException($"no link joins {one} and {other}; {DescribeLinks(one)}") { StatusCode = 404 };
        return new LinkStatus(
            [.. ends.Where(Model.Switches.ContainsKey).Select(name => Describe(Model.Switches[name]))],
            [.. ends.Where(Model.Routers.ContainsKey).Select(name => wiring.Routers[name].Status())]);
    }

    /// <summary>Tells how everything stands.</summary>
    public TopologyStatus Status() => new(
        Model.Name,
        Model.SourcePath,
        _state,
        Environment.ProcessId,
        Math.Round(_time.GetElapsedTime(_started).TotalSeconds, 1),
        [.. _vms.Values.Select(vm => vm.Status())],
        [.. Model.Switches.Values.Select(Describe)],
        _disks?.Status() ?? [])
    {
        Pool = _disks?.PoolStatus(),
        Hosts = [.. _hosts.Select(Describe)],
        Routers = _wiring is { } wiring ? [.. wiring.Routers.Values.Select(router => router.Status())] : [],
        Bonds = [.. (_wiring?.Bonds ?? []).Select(BondReport.Of)],
    };

    /// <summary>Stops the machines in an orderly way and releases everything, in reverse order.</summary>
    public async ValueTask DisposeAsync()
    {
        await _changing.WaitAsync();
        try
        {
            if (_state == TopologyState.Stopped)
                return;
            await TakeDownAsync();
            Events.Add(TopologyEventKind.Stopped, null, null);
        }
        finally
        {
            _changing.Release();
        }
    }

    private SwitchModel FindSwitch(string name)
    {
        if (Model.Switches.TryGetValue(name, out SwitchModel? model))
            return model;
        string? near = NearestName.Find(name, Model.Switches.Keys);
        string hint = near is not null ? $"did you mean {near}?" : Model.Switches.Count == 0 ? "it has none" : $"it has {string.Join(", ", Model.Switches.Keys)}";
        throw new DaemonException($"topology {Model.Name} has no switch '{name}'; {hint}") { StatusCode = 404 };
    }

    /// <summary>The switch or router of a link's end.</summary>
    private string FindEnd(string name)
    {
        string node = LinkModel.NodeOf(name);
        if (Model.Routers.TryGetValue(node, out RouterModel? router) && (node == name || router.Interfaces.Values.Any(item => item.FullName == name)))
            return node;
        if (Model.Cables.Any(cable => cable.Other == name || LinkModel.NodeOf(cable.Other) == name))
            return node;
        if (Model.Routers.Count == 0 || Model.Switches.ContainsKey(name))
            return FindSwitch(name).Name;
        string[] known = [.. Model.Switches.Keys, .. Model.Routers.Keys, .. Model.Routers.Values.SelectMany(item => item.Interfaces.Values).Select(item => item.FullName)];
        string hint = NearestName.Find(name, known) is { } near ? $"did you mean {near}?" : $"it has {string.Join(", ", known.Take(8))}";
        throw new DaemonException($"topology {Model.Name} has no switch or router '{name}'; {hint}") { StatusCode = 404 };
    }

    private string DescribeLinks(string name)
    {
        string[] others =
        [
            .. Model.Links.Concat(Model.Cables.Select(cable => cable.Link)).Where(link => link.Joins(name, link.A) || link.Joins(name, link.B))
                .Select(link => LinkModel.NodeOf(link.A) == LinkModel.NodeOf(name) ? link.B : link.A).Select(LinkModel.NodeOf).Distinct(),
        ];
        return others.Length == 0 ? $"{name} has no links" : $"{name} is linked with {string.Join(", ", others)}";
    }

    private async Task BuildAsync(CancellationToken cancel)
    {
        HostMemory.Check(Model);
        ImageShelf shelf = new(Model, Events);
        Dictionary<string, GuestFiles> images = await shelf.ObtainAllAsync(cancel);
        Manifest manifest = Manifest.Load(_folder);
        DiskShelf disks = new(Model, _folder, images, manifest, Events, _time);
        _disks = disks;
        _takeDown.Push(() =>
        {
            disks.Dispose();
            return ValueTask.CompletedTask;
        });
        disks.OpenAll(cancel);
        _snapshots = new DiskSnapshots(_folder, disks.Disks, manifest, _time);
        _snapshots.RemoveUnnamed();
        _takeDown.Push(EndDeletionAsync);
        cancel.ThrowIfCancellationRequested();
        Wiring wiring = new(Model, _time, Events);
        _wiring = wiring;
        _takeDown.Push(() =>
        {
            _wiring = null;
            wiring.Dispose();
            return ValueTask.CompletedTask;
        });
        BeginOverlayCheck(wiring);
        PlugHosts(wiring);
        foreach (RunningVm vm in _vms.Values)
        {
            GuestFiles? image = vm.Model.Image is null ? null : shelf.Matching(vm.Model.Image, images[vm.Model.Image], disks.BaseDiskOf(vm.Model));
            Machine machine = vm.Build(BootSource.Of(Model, vm.Model, image), disks, Model, _time);
            _takeDown.Push(vm.DisposeMachineAsync);
            wiring.Plug(vm.Model, machine.Ports);
            _takeDown.Push(() =>
            {
                wiring.Unplug(vm.Model, machine.Ports);
                return ValueTask.CompletedTask;
            });
        }
        wiring.BeginRouting(Events);
        _takeDown.Push(StopMachinesAsync);
        foreach (RunningVm vm in _vms.Values)
        {
            cancel.ThrowIfCancellationRequested();
            await Task.Run(vm.Machine.Start, cancel);
        }
    }

    /// <summary>All at once: a guest that takes long to power off should not hold up the others.</summary>
    private async ValueTask StopMachinesAsync()
    {
        Events.Add(TopologyEventKind.Stopping, null, null);
        _disks?.Lift();
        await Task.WhenAll(_vms.Values.Select(vm => vm.StopAsync(CancellationToken.None)));
    }

    private async Task TakeDownAsync()
    {
        _state = TopologyState.Stopping;
        await _endDeletion.CancelAsync();
        while (_takeDown.TryPop(out Func<ValueTask>? step))
            await step();
        _state = TopologyState.Stopped;
    }

    private SwitchStatus Describe(SwitchModel model)
    {
        IReadOnlyList<SwitchPortStatus> ports = _wiring?.PortsOf(model.Name) ?? [];
        return new SwitchStatus(model.Name, model.Mtu, [.. ports.Select(port => port.Name)])
        {
            PortStates = ports,
            Root = _wiring?.TreeOf(model.Name)?.Root.ToString(),
        };
    }
}
