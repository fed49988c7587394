namespace Fabric.Disk.Tests.Fuzz;

/// <summary>A small valid image to start from.</summary>
/// <param name="Name">For messages.</param>
/// <param name="Bytes">The file.</param>
/// <param name="FixChecksums">Makes checksums right again after a change, so that what they guard is reached; null for none.</param>
/// <param name="Places">Where structures stand, for an image that is mostly empty; most changes go there. Null for anywhere.</param>
internal sealed record FuzzSeed(string Name, byte[] Bytes, Action<MemoryStore>? FixChecksums = null, IReadOnlyList<(int Start, int Length)>? Places = null);
