namespace Fabric.Daemon.Control;

/// <summary>A machine at one moment.</summary>
/// <param name="Name">Name in the topology.</param>
/// <param name="State">Life-cycle state: created, running, paused, stopping, stopped, failed.</param>
/// <param name="Reason">Why it stopped or failed, or null.</param>
/// <param name="Agent">The guest's agent: <c>ready</c>, <c>waiting</c>, or <c>none</c> when the image carries none.</param>
/// <param name="Cpus">Number of harts.</param>
/// <param name="MemoryBytes">RAM in bytes.</param>
/// <param name="Disks">Names of its disks in the guest's order.</param>
/// <param name="Nics">NICs in the guest's order.</param>
public sealed record VmStatus(
    string Name,
    string State,
    string? Reason,
    string Agent,
    int Cpus,
    long MemoryBytes,
    IReadOnlyList<string> Disks,
    IReadOnlyList<NicStatus> Nics);
