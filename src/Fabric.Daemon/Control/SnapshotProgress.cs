namespace Fabric.Daemon.Control;

/// <summary>One line of the answer to <c>DELETE /v1/snapshots/NAME</c>.</summary>
/// <param name="Disk">Disk whose layers are merged, or null in the last line.</param>
/// <param name="Done">Bytes of the disk gone through.</param>
/// <param name="Total">Bytes of the disk.</param>
public sealed record SnapshotProgress(string? Disk, long Done, long Total)
{
    /// <summary>In the last line: why it could not be finished; null when it is done.</summary>
    public string? Error { get; init; }
}
