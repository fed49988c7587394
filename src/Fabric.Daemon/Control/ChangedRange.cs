namespace Fabric.Daemon.Control;

/// <summary>A range of a disk.</summary>
/// <param name="Start">First byte.</param>
/// <param name="Length">Length in bytes.</param>
public sealed record ChangedRange(long Start, long Length);
