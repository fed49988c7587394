namespace Fabric.Daemon.Control;

/// <summary>What was written to one disk between two moments, as <c>fabric snapshot diff --json</c> tells it.</summary>
/// <param name="Disk">Name of the disk.</param>
/// <param name="ChangedBytes">Bytes in the ranges.</param>
/// <param name="Ranges">Ranges that were written, in order, as coarse as the image's clusters; their content may be the same all the same.</param>
public sealed record SnapshotDiff(string Disk, long ChangedBytes, IReadOnlyList<ChangedRange> Ranges);
