namespace Fabric.Daemon.Control;

/// <summary>The snapshots of a topology's disks: through its daemon while it runs, in the caller's process while it does not.</summary>
public interface ISnapshots : IDisposable
{
    /// <summary>Name of the topology.</summary>
    string Topology { get; }

    /// <summary>Takes a snapshot.</summary>
    /// <param name="request">Its name, and which disks; all of them when it names none.</param>
    /// <param name="cancel">Gives up waiting.</param>
    /// <exception cref="DaemonException">It cannot be taken.</exception>
    Task<SnapshotStatus> CreateSnapshotAsync(SnapshotRequest request, CancellationToken cancel);

    /// <summary>The snapshots, oldest first.</summary>
    /// <param name="cancel">Gives up waiting.</param>
    Task<IReadOnlyList<SnapshotStatus>> ListSnapshotsAsync(CancellationToken cancel);

    /// <summary>Puts disks back. Machines that use them are stopped at once and started again.</summary>
    /// <param name="name">The snapshot.</param>
    /// <param name="request">Which disks; all that the snapshot covers when it names none.</param>
    /// <param name="cancel">Gives up waiting.</param>
    Task<SnapshotStatus> RevertSnapshotAsync(string name, SnapshotRequest request, CancellationToken cancel);

    /// <summary>Deletes a snapshot by merging what stands on it.</summary>
    /// <param name="name">The snapshot.</param>
    /// <param name="progress">Told how far it is.</param>
    /// <param name="cancel">Gives up waiting.</param>
    Task DeleteSnapshotAsync(string name, Action<SnapshotProgress> progress, CancellationToken cancel);

    /// <summary>Tells what was written between a snapshot and another, or now.</summary>
    /// <param name="name">The snapshot.</param>
    /// <param name="to">The other, or null for now.</param>
    /// <param name="request">Which disks; all that both cover when it names none.</param>
    /// <param name="cancel">Gives up waiting.</param>
    Task<IReadOnlyList<SnapshotDiff>> DiffSnapshotAsync(string name, string? to, SnapshotRequest request, CancellationToken cancel);
}
