using Fabric.Daemon.Control;
using Fabric.Daemon.Snapshots;
using Fabric.Topology;

namespace Fabric.Cli;

/// <summary>Finds the running topology that a command is about.</summary>
internal static class Target
{
    /// <summary>The topology named, or the only one that runs.</summary>
    public static async Task<ControlClient> FindTopologyAsync(string? topology, CancellationToken cancel)
    {
        RunningTopologies all = new(RuntimeFolder.Open());
        IReadOnlyList<TopologyStatus> running = await all.ListAsync(cancel);
        return all.Connect(Choose(running, topology).Topology);
    }

    /// <summary>The snapshots of the topology named, of the only one that runs, or of the one in a file, which need not run.</summary>
    public static async Task<ISnapshots> FindSnapshotsAsync(string? topology, CancellationToken cancel)
    {
        RunningTopologies all = new(RuntimeFolder.Open());
        IReadOnlyList<TopologyStatus> running = await all.ListAsync(cancel);
        if (topology is null || !File.Exists(topology) || running.Any(t => t.Topology == topology))
            return all.Connect(Choose(running, topology).Topology);
        TopologyModel model = TopologyLoader.Load(topology);
        return running.Any(t => t.Topology == model.Name) ? all.Connect(model.Name) : new OfflineSnapshots(model, TimeProvider.System);
    }

    /// <summary>The topology named, or the only one that runs and has the VM.</summary>
    public static async Task<ControlClient> FindVmAsync(string? topology, string vm, CancellationToken cancel)
    {
        RunningTopologies all = new(RuntimeFolder.Open());
        IReadOnlyList<TopologyStatus> running = await all.ListAsync(cancel);
        if (topology is null && running.Count > 1)
        {
            TopologyStatus[] having = [.. running.Where(t => t.Vms.Any(v => v.Name == vm))];
            if (having.Length == 0)
                throw new CliException(UnknownVm($"no running topology has a VM '{vm}'", vm, running.SelectMany(t => t.Vms)));
            running = having;
        }
        TopologyStatus chosen = Choose(running, topology, vm);
        if (!chosen.Vms.Any(v => v.Name == vm))
            throw new CliException(UnknownVm($"topology {chosen.Topology} has no VM '{vm}'", vm, chosen.Vms));
        return all.Connect(chosen.Topology);
    }

    /// <summary>The topology named, or the only one that runs and has a port or a switch of a name.</summary>
    public static async Task<ControlClient> FindPortAsync(string? topology, string name, CancellationToken cancel)
    {
        RunningTopologies all = new(RuntimeFolder.Open());
        IReadOnlyList<TopologyStatus> running = await all.ListAsync(cancel);
        TopologyStatus[] having = [.. running.Where(t => t.Switches.Any(s => s.Name == name || s.Ports.Contains(name)) || t.Routers.Any(r => r.Name == name || r.Interfaces.Any(i => i.Name == name)))];
        // Where none has it, the daemon says which names there are.
        return all.Connect(Choose(topology is null && running.Count > 1 && having.Length > 0 ? having : running, topology).Topology);
    }

    /// <summary>The topology named, or the only one that runs and has a router of a name, or any.</summary>
    public static async Task<ControlClient> FindRouterAsync(string? topology, string? name, CancellationToken cancel)
    {
        RunningTopologies all = new(RuntimeFolder.Open());
        IReadOnlyList<TopologyStatus> running = await all.ListAsync(cancel);
        TopologyStatus[] having = [.. running.Where(t => name is null ? t.Routers.Count > 0 : t.Routers.Any(router => router.Name == name))];
        // Where none has it, the daemon says which names there are.
        return all.Connect(Choose(topology is null && running.Count > 1 && having.Length > 0 ? having : running, topology).Topology);
    }

    /// <summary>The topology named, or the only one that runs and has the VM or host.</summary>
    public static async Task<(ControlClient Client, TopologyStatus Status)> FindStationAsync(string? topology, string name, CancellationToken cancel)
    {
        RunningTopologies all = new(RuntimeFolder.Open());
        IReadOnlyList<TopologyStatus> running = await all.ListAsync(cancel);
        TopologyStatus[] having = [.. running.Where(t => t.Vms.Any(v => v.Name == name) || t.Hosts.Any(h => h.Name == name))];
        TopologyStatus chosen = Choose(topology is null && having.Length > 0 ? having : running, topology, name);
        if (having.Contains(chosen))
            return (all.Connect(chosen.Topology), chosen);
        string? near = NearestName.Find(name, [.. chosen.Vms.Select(v => v.Name), .. chosen.Hosts.Select(h => h.Name)]);
        throw new CliException($"topology {chosen.Topology} has no VM or host '{name}'{(near is null ? "; see: fabric status" : $", did you mean {near}?")}");
    }

    private static TopologyStatus Choose(IReadOnlyList<TopologyStatus> running, string? topology, string? vm = null)
    {
        string names = string.Join(", ", running.Select(t => t.Topology));
        if (topology is not null)
        {
            if (running.FirstOrDefault(t => t.Topology == topology) is { } named)
                return named;
            string? near = NearestName.Find(topology, running.Select(t => t.Topology));
            string hint = near is not null ? $", did you mean {near}?" : running.Count > 0 ? $"; running: {names}" : "; bring it up with: fabric up FILE";
            throw new CliException($"topology '{topology}' is not running{hint}");
        }
        if (running.Count == 0)
            throw new CliException("no topology is running; bring one up with: fabric up FILE");
        if (running.Count > 1)
            throw new CliException(vm is null ? $"several topologies are running; choose with -t: {names}" : $"several running topologies have a VM '{vm}'; choose with -t: {names}");
        return running[0];
    }

    private static string UnknownVm(string what, string vm, IEnumerable<VmStatus> known)
    {
        string[] names = [.. known.Select(v => v.Name).Distinct()];
        string? near = NearestName.Find(vm, names);
        return near is not null ? $"{what}, did you mean {near}?" : names.Length == 0 ? $"{what}; there is none" : $"{what}; there are: {string.Join(", ", names)}";
    }
}
