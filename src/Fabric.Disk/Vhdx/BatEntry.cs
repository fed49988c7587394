namespace Fabric.Disk.Vhdx;

/// <summary>An entry of the block allocation table: state in bits 0–2, file offset in units of 1 MiB in bits 20–63 ([MS-VHDX] 2.5.1).</summary>
internal static class BatEntry
{
    /// <summary>The state.</summary>
    public static BlockState State(ulong entry) => (BlockState)(entry & 7);

    /// <summary>The offset in the file in bytes; not trusted.</summary>
    public static ulong Offset(ulong entry) => entry & ~(ulong)(VhdxFacts.Unit - 1);

    /// <summary>Makes an entry.</summary>
    public static ulong Make(BlockState state, long offset) => (ulong)offset | (ulong)state;

    /// <summary>True when the block's bytes stand in this file.</summary>
    public static bool IsPresent(ulong entry) => (entry & 6) == 6;

    /// <summary>True when an entry keeps space for a block that is not present, as Windows does for unmapped blocks.</summary>
    public static bool KeepsSpace(ulong entry) => State(entry) is BlockState.Undefined or BlockState.Unmapped or BlockState.UnmappedDraft && Offset(entry) != 0;
}
