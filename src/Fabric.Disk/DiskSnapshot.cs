namespace Fabric.Disk;

/// <summary>An internal snapshot of an image.</summary>
/// <param name="Id">Unique in the image.</param>
/// <param name="Name">What the operator called it; need not be unique.</param>
/// <param name="Date">When it was taken.</param>
/// <param name="VmClock">How long the machine had run.</param>
/// <param name="VmStateSize">Bytes of machine state kept with it.</param>
/// <param name="DiskSize">Virtual size in bytes at that time.</param>
/// <param name="InstructionCount">Instructions the machine had executed, or null when not recorded.</param>
public sealed record DiskSnapshot(string Id, string Name, DateTimeOffset Date, TimeSpan VmClock, long VmStateSize, long DiskSize, ulong? InstructionCount);
