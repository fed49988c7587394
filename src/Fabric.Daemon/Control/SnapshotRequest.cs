namespace Fabric.Daemon.Control;

/// <summary>Body of <c>POST /v1/snapshots</c> and <c>POST /v1/snapshots/NAME/revert</c>.</summary>
public sealed record SnapshotRequest
{
    /// <summary>Name of a snapshot to take.</summary>
    public string? Name { get; init; }

    /// <summary>Only the disks of this machine.</summary>
    public string? Vm { get; init; }

    /// <summary>Only this disk.</summary>
    public string? Disk { get; init; }
}
