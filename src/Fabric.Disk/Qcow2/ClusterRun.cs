namespace Fabric.Disk.Qcow2;

/// <summary>Neighbouring guest bytes of one kind, on neighbouring host bytes where the kind has any.</summary>
/// <param name="Kind">Where the bytes come from.</param>
/// <param name="HostOffset">First byte in the file, where the kind has a host cluster, otherwise −1.</param>
/// <param name="Length">Length in bytes.</param>
/// <param name="Entry">The first L2 entry's first word.</param>
internal readonly record struct ClusterRun(ClusterKind Kind, long HostOffset, long Length, ulong Entry);
