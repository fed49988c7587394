namespace Fabric.Daemon.Control;

/// <summary>What the disks of a topology may take on the host together, and take.</summary>
/// <param name="LimitBytes">Most bytes.</param>
/// <param name="UsedBytes">Bytes taken now.</param>
/// <param name="IsFull">True when the last write that needed new room was refused.</param>
/// <param name="RefusedWrites">Writes refused since the start; the guest saw an I/O error for each (virtio-blk has no word for "no space").</param>
public sealed record PoolStatus(long LimitBytes, long UsedBytes, bool IsFull, long RefusedWrites);
