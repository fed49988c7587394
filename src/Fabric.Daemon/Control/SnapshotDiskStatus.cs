namespace Fabric.Daemon.Control;

/// <summary>A snapshot's part on one disk.</summary>
/// <param name="Disk">Name of the disk.</param>
/// <param name="File">Absolute path of the file that holds its content, with what lies below it.</param>
/// <param name="SizeBytes">Virtual size in bytes.</param>
/// <param name="HostBytes">What the file takes on the host, in bytes.</param>
/// <param name="IsCurrent">True when the guest's disk stands directly on it.</param>
public sealed record SnapshotDiskStatus(string Disk, string File, long SizeBytes, long HostBytes, bool IsCurrent);
