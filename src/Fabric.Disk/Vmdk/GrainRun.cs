namespace Fabric.Disk.Vmdk;

/// <summary>A run of an extent whose grains are alike; stored ones stand behind each other.</summary>
/// <param name="Kind">What they are.</param>
/// <param name="Length">Length in bytes.</param>
/// <param name="Host">Place of the first byte in the file; of the whole grain where grains are compressed.</param>
internal readonly record struct GrainRun(GrainKind Kind, long Length, long Host);
