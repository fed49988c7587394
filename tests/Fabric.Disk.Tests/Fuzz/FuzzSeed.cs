namespace Fabric.Disk.Tests.Fuzz;

/// <summary>A small valid image to start from.</summary>
/// <param name="Name">For messages.</param>
/// <param name="Bytes">The file.</param>
/// <param name="FixChecksums">Makes checksums right again after a change, so that what they guard is reached; null for none.</param>
internal sealed record FuzzSeed(string Name, byte[] Bytes, Action<MemoryStore>? FixChecksums = null);
