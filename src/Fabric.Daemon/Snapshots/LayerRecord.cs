namespace Fabric.Daemon.Snapshots;

/// <summary>An image file of a disk: the first, or an overlay that a snapshot or a revert has put on it.</summary>
/// <param name="File">Path; a relative one starts at the folder of the topology's disks.</param>
/// <param name="Format">Its format by name.</param>
/// <param name="Parent">The <paramref name="File"/> of the layer below, or null for the first.</param>
internal sealed record LayerRecord(string File, string Format, string? Parent);
