namespace Fabric.Daemon.Control;

/// <summary>A disk of a topology and the file behind it.</summary>
/// <param name="Name">Name in the topology.</param>
/// <param name="File">Absolute path of the image file.</param>
/// <param name="Format">Its format.</param>
/// <param name="SizeBytes">Virtual size in bytes.</param>
/// <param name="IsReadOnly">True when guests may not write.</param>
public sealed record DiskFileStatus(string Name, string File, string Format, long SizeBytes, bool IsReadOnly);
