namespace Fabric.Daemon.Control;

/// <summary>A running topology at one moment, as <c>GET /v1/status</c> and <c>fabric status --json</c> tell it.</summary>
/// <param name="Topology">Name of the topology.</param>
/// <param name="File">Absolute path of its file.</param>
/// <param name="State">Where it stands.</param>
/// <param name="Pid">Process that runs it.</param>
/// <param name="UptimeSeconds">Seconds since the start began.</param>
/// <param name="Vms">Machines in the file's order.</param>
/// <param name="Switches">Switches in the file's order.</param>
/// <param name="Disks">Disks in the file's order.</param>
public sealed record TopologyStatus(
    string Topology,
    string File,
    TopologyState State,
    int Pid,
    double UptimeSeconds,
    IReadOnlyList<VmStatus> Vms,
    IReadOnlyList<SwitchStatus> Switches,
    IReadOnlyList<DiskFileStatus> Disks)
{
    /// <summary>What the disks may take on the host; null without a limit.</summary>
    public PoolStatus? Pool { get; init; }

    /// <summary>End points inside the daemon, in the file's order.</summary>
    public IReadOnlyList<HostStatus> Hosts { get; init; } = [];

    /// <summary>Routers in the file's order.</summary>
    public IReadOnlyList<RouterStatus> Routers { get; init; } = [];

    /// <summary>Bonds, in the file's order.</summary>
    public IReadOnlyList<BondReport> Bonds { get; init; } = [];
}
