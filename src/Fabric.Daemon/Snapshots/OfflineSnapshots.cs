using Fabric.Daemon.Composition;
using Fabric.Daemon.Control;
using Fabric.Disk;
using Fabric.Images;
using Fabric.Topology;

namespace Fabric.Daemon.Snapshots;

/// <summary>The snapshots of a topology that does not run. Nobody can bring it up meanwhile.</summary>
public sealed class OfflineSnapshots : ISnapshots
{
    private readonly TopologyModel _model;
    private readonly InstanceLock _held;
    private readonly Dictionary<string, LiveDisk> _disks = [];
    private readonly DiskSnapshots _snapshots;

    /// <summary>Opens the disks that exist.</summary>
    /// <param name="model">The topology.</param>
    /// <param name="time">Clock that dates snapshots.</param>
    /// <exception cref="DaemonException">It runs.</exception>
    /// <exception cref="DiskException">A disk is in use, missing or damaged.</exception>
    public OfflineSnapshots(TopologyModel model, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(model);
        _model = model;
        StateFolder folder = StateFolder.Of(model.Name);
        _held = InstanceLock.Acquire(RuntimeFolder.Open(), model.Name, new Instance(Environment.ProcessId, model.SourcePath));
        try
        {
            Manifest manifest = Manifest.Load(folder);
            DiskShelf shelf = new(model, folder, new Dictionary<string, GuestFiles>(), manifest, new EventLog(time), time);
            foreach (LiveDisk disk in shelf.OpenExisting(new ImageStore().Root))
                _disks.Add(disk.Name, disk);
            _snapshots = new DiskSnapshots(folder, _disks, manifest, time);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public string Topology => _model.Name;

    /// <inheritdoc/>
    public Task<SnapshotStatus> CreateSnapshotAsync(SnapshotRequest request, CancellationToken cancel) =>
        Task.Run(() => _snapshots.Create(request.Name ?? "", DiskChoice.Named(_model, request) ?? DiskChoice.All(_model, _disks.Keys)), cancel);

    /// <inheritdoc/>
    public Task<IReadOnlyList<SnapshotStatus>> ListSnapshotsAsync(CancellationToken cancel) => Task.FromResult(_snapshots.List());

    /// <inheritdoc/>
    public Task<SnapshotStatus> RevertSnapshotAsync(string name, SnapshotRequest request, CancellationToken cancel) =>
        Task.Run(() => _snapshots.Revert(name, DiskChoice.Named(_model, request) ?? _snapshots.DisksOf(name)), cancel);

    /// <inheritdoc/>
    public Task DeleteSnapshotAsync(string name, Action<SnapshotProgress> progress, CancellationToken cancel) =>
        Task.Run(() => _snapshots.Delete(name, (disk, value) => progress(new SnapshotProgress(disk, value.Done, value.Total)), cancel), CancellationToken.None);

    /// <inheritdoc/>
    public Task<IReadOnlyList<SnapshotDiff>> DiffSnapshotAsync(string name, string? to, SnapshotRequest request, CancellationToken cancel) =>
        Task.Run(() => _snapshots.Diff(name, to, DiskChoice.Named(_model, request)), cancel);

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (LiveDisk disk in _disks.Values)
            disk.Dispose();
        _disks.Clear();
        _held.Dispose();
    }
}
