using Fabric.Daemon.Control;
using Fabric.Topology;

namespace Fabric.Daemon.Snapshots;

/// <summary>Finds the disks that a request about snapshots means.</summary>
internal static class DiskChoice
{
    /// <summary>The disk or the machine's disks that a request names.</summary>
    /// <returns>Null when it names none.</returns>
    /// <exception cref="DaemonException">There is no such machine or disk, or the machine does not have the disk.</exception>
    public static IReadOnlyList<string>? Named(TopologyModel model, SnapshotRequest request)
    {
        if (request.Vm is null)
            return request.Disk is null ? null : [Known(model, request.Disk)];
        if (!model.Vms.TryGetValue(request.Vm, out VmModel? vm))
            throw Unknown($"topology {model.Name} has no VM '{request.Vm}'", request.Vm, model.Vms.Keys);
        if (request.Disk is null)
            return vm.Disks.Count > 0 ? vm.Disks : throw new DaemonException($"{vm.Name} has no disks");
        if (!vm.Disks.Contains(Known(model, request.Disk)))
            throw Unknown($"{vm.Name} has no disk '{request.Disk}'", request.Disk, vm.Disks);
        return [request.Disk];
    }

    /// <summary>The disks that a snapshot of everything covers.</summary>
    public static IReadOnlyList<string> All(TopologyModel model, IEnumerable<string> open) => [.. open.Where(name => !model.Disks[name].IsReadOnly)];

    private static string Known(TopologyModel model, string disk) =>
        model.Disks.ContainsKey(disk) ? disk : throw Unknown($"topology {model.Name} has no disk '{disk}'", disk, model.Disks.Keys);

    private static DaemonException Unknown(string what, string wrong, IEnumerable<string> known) =>
        new($"{what}; {(NearestName.Find(wrong, known) is { } near ? $"did you mean {near}?" : $"there are: {string.Join(", ", known)}")}") { StatusCode = 404 };
}
