namespace Fabric.Disk;

/// <summary>A run of a disk whose bytes come from one place.</summary>
/// <param name="Length">Length in bytes, at least 1.</param>
/// <param name="Allocated">True when this layer, not a backing disk below, says what the bytes are.</param>
/// <param name="Zero">True when the run is known to read as zeroes.</param>
/// <param name="HostOffset">Offset in the layer's host file where the bytes stand as they are, or −1. With <paramref name="Zero"/>, space kept
/// there; what it holds is not the run's content.</param>
public readonly record struct DiskExtent(long Length, bool Allocated, bool Zero, long HostOffset);
