using Fabric.Daemon.Control;
using Fabric.Daemon.Snapshots;
using Fabric.Disk;
using Fabric.Vmm;

namespace Fabric.Daemon.Composition;

public sealed partial class RunningTopology
{
    private readonly CancellationTokenSource _endDeletion = new();
    private DiskSnapshots? _snapshots;
    private Task _deletion = Task.CompletedTask;

    internal DiskSnapshots Snapshots => _snapshots ?? throw new DaemonException($"topology {Model.Name} is not that far yet, or already down");

    /// <summary>A disk as its machine has it, for whoever serves or looks at it beside the machine.</summary>
    /// <param name="name">Name in the topology.</param>
    public IDisk DiskOf(string name) => (_disks ?? throw new DaemonException($"topology {Model.Name} is not that far yet"))[name];

    /// <summary>Takes a snapshot of disks while machines go on.</summary>
    /// <param name="request">Name, and which disks; all of them when it names none.</param>
    /// <exception cref="DaemonException">It cannot be taken.</exception>
    public SnapshotStatus CreateSnapshot(SnapshotRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        DiskSnapshots snapshots = Snapshots;
        SnapshotStatus taken = snapshots.Create(request.Name ?? "", DiskChoice.Named(Model, request) ?? DiskChoice.All(Model, _disks!.Disks.Keys));
        Events.Add(TopologyEventKind.Disk, null, $"snapshot {taken.Name} of {string.Join(", ", taken.Disks.Select(d => d.Disk))}; held for {taken.HeldMilliseconds} ms");
        return taken;
    }

    /// <summary>The snapshots, oldest first.</summary>
    public IReadOnlyList<SnapshotStatus> ListSnapshots() => Snapshots.List();

    /// <summary>Puts disks back to a snapshot. Machines that use them are switched off, as what they have in memory no longer fits, and those that
    /// ran are started again.</summary>
    /// <param name="name">The snapshot.</param>
    /// <param name="request">Which disks; all that the snapshot covers when it names none.</param>
    /// <exception cref="DaemonException">It cannot be.</exception>
    public async Task<SnapshotStatus> RevertSnapshotAsync(string name, SnapshotRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        DiskSnapshots snapshots = Snapshots;
        IReadOnlyList<string> disks = DiskChoice.Named(Model, request) ?? snapshots.DisksOf(name);
        await _changing.WaitAsync();
        try
        {
            RunningVm[] users = [.. _vms.Values.Where(vm => vm.Model.Disks.Intersect(disks).Any() && vm.Machine.State is MachineState.Running or MachineState.Paused)];
            await Task.WhenAll(users.Select(vm => Task.Run(vm.Machine.Kill)));
            try
            {
                SnapshotStatus reverted = await Task.Run(() => snapshots.Revert(name, disks));
                Events.Add(TopologyEventKind.Disk, null, $"{string.Join(", ", disks)} put back to snapshot {name}");
                return reverted;
            }
            finally
            {
                await Task.WhenAll(users.Select(vm => vm.StartAsync(CancellationToken.None)));
            }
        }
        finally
        {
            _changing.Release();
        }
    }

    /// <summary>Deletes a snapshot while machines go on. Ends early when the topology is taken down; asked again, it finishes.</summary>
    /// <param name="name">The snapshot.</param>
    /// <param name="progress">Told how far it is, from another thread.</param>
    public Task DeleteSnapshotAsync(string name, Action<SnapshotProgress> progress)
    {
        DiskSnapshots snapshots = Snapshots;
        Task deletion = Task.Run(() => snapshots.Delete(name, Tell, _endDeletion.Token));
        if (_deletion.IsCompleted)
            _deletion = deletion;
        return deletion;

        void Tell(string disk, DiskProgress value) => progress(new SnapshotProgress(disk, value.Done, value.Total));
    }

    /// <summary>Tells what was written between a snapshot and another, or now.</summary>
    /// <param name="name">The snapshot.</param>
    /// <param name="to">The other, or null for now.</param>
    /// <param name="request">Which disks; all that both cover when it names none.</param>
    public IReadOnlyList<SnapshotDiff> DiffSnapshot(string name, string? to, SnapshotRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        return Snapshots.Diff(name, to, DiskChoice.Named(Model, request));
    }

    /// <summary>A deletion under way stops between two pieces and leaves the files as they must be.</summary>
    private async ValueTask EndDeletionAsync()
    {
        _snapshots = null;
        await _deletion.ContinueWith(_ => { }, TaskScheduler.Default);
    }
}
