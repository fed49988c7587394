namespace Fabric.Daemon.Control;

/// <summary>A snapshot, as <c>GET /v1/snapshots</c> and <c>fabric snapshot list --json</c> tell it.</summary>
/// <param name="Name">Name.</param>
/// <param name="Date">When it was taken.</param>
/// <param name="State"><c>ready</c>, or <c>deleting</c> once its deletion has begun: then it can only be deleted (again).</param>
/// <param name="Disks">The disks it covers, in the order of their names.</param>
public sealed record SnapshotStatus(string Name, DateTimeOffset Date, string State, IReadOnlyList<SnapshotDiskStatus> Disks)
{
    /// <summary>For a snapshot just taken: how long the disks were held, in milliseconds.</summary>
    public double? HeldMilliseconds { get; init; }
}
