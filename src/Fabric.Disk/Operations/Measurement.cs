namespace Fabric.Disk.Operations;

/// <summary>How much space a new image would take.</summary>
/// <param name="Required">Size of its file with the data there is now, in bytes.</param>
/// <param name="FullyAllocated">Size of its file when all of it has been written to, in bytes.</param>
public readonly record struct Measurement(long Required, long FullyAllocated);
