namespace Fabric.Daemon.Control;

/// <summary>What a daemon writes about itself beside its lock.</summary>
/// <param name="Pid">Its process.</param>
/// <param name="File">Absolute path of the topology file it runs.</param>
public sealed record Instance(int Pid, string File);
