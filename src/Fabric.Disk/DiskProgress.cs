namespace Fabric.Disk;

/// <summary>How far a long operation on an image is.</summary>
/// <param name="Done">Bytes dealt with.</param>
/// <param name="Total">Bytes in all; may grow.</param>
public readonly record struct DiskProgress(long Done, long Total);
