using System.Runtime.InteropServices;

namespace Fabric.RiscV;

/// <summary>The part of a hart that the interpreter's inner loop touches, in pinned memory so that it is reached through one pointer.</summary>
/// <remarks>Registers come first: an index from an <see cref="Op"/> addresses them without further arithmetic.</remarks>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct HartState
{
    /// <summary>Writes to x0 are decoded to this slot, so that x0 stays 0 without a test.</summary>
    internal const int DiscardRegister = 32;

    /// <summary>A block generation no block ever has: while <see cref="Generation"/> holds it, each block entry ends in <c>Attend</c>.</summary>
    internal const uint AttentionGeneration = 0;

    /// <summary>x0 … x31 and the discard slot.</summary>
    internal fixed ulong X[33];

    /// <summary>What a block's generation must equal to be entered without questions; any thread may set it to
    /// <see cref="AttentionGeneration"/>.</summary>
    internal uint Generation;

    /// <summary>0: mstatus.FS is Off; 1: floating point is on and FS must become Dirty; 2: FS is Dirty already.</summary>
    internal uint FloatState;

    /// <summary>Retired count past which the loop looks at the clock.</summary>
    internal long Limit;

    /// <summary>Retired instructions, exact whenever the loop is left.</summary>
    internal long Retired;

    /// <summary>Entries for loads in the current address space and privilege; stores follow after <see cref="Tlb.Size"/> entries.</summary>
    internal TlbEntry* DataTlb;

    /// <summary>Entries for instruction fetch in the current privilege.</summary>
    internal FetchEntry* FetchTlb;

    /// <summary>Hash table of decoded blocks.</summary>
    internal Block** Blocks;

    /// <summary>Virtual address of the next instruction, exact whenever the loop is left.</summary>
    internal ulong Pc;

    /// <summary>f0 … f31, single-precision values NaN-boxed.</summary>
    internal fixed ulong F[32];
}

/// <summary>One translation for loads or stores.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct TlbEntry
{
    /// <summary>Virtual page address; its low bits are 0 unless the entry is empty.</summary>
    internal ulong Tag;

    /// <summary>Host address minus virtual address.</summary>
    internal ulong Addend;
}

/// <summary>One translation for instruction fetch.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct FetchEntry
{
    /// <summary>Virtual page address; its low bits are 0 unless the entry is empty.</summary>
    internal ulong Tag;

    /// <summary>Guest-physical page address.</summary>
    internal ulong Physical;

    /// <summary>Host address of the page.</summary>
    internal byte* Host;

    /// <summary>Pads to a power of two.</summary>
    internal ulong Reserved;
}

/// <summary>One decoded instruction, or two fused ones.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct Op
{
    /// <summary>What to do.</summary>
    internal Opcode Code;

    /// <summary>Destination register; instruction length for branches.</summary>
    internal byte Rd;

    /// <summary>First source register.</summary>
    internal byte Rs1;

    /// <summary>Second source register; instruction length for jumps.</summary>
    internal byte Rs2;

    /// <summary>Instructions of the block that have not retired when this one traps, itself included.</summary>
    internal byte Remaining;

    /// <summary>Distance in bytes from the block's start.</summary>
    internal ushort Offset;

    /// <summary>Immediate operand; target distance from the block's start for branches; the raw instruction for slow operations.</summary>
    internal long Imm;
}

/// <summary>Head of a decoded block; the operations follow it in memory, then a copy of the bytes they were decoded from.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct Block
{
    /// <summary>Guest-physical address of the first instruction.</summary>
    internal ulong Physical;

    /// <summary>The code generation in which the bytes were last known to match memory.</summary>
    internal uint Generation;

    /// <summary>Instructions that retire when the block runs to its end.</summary>
    internal uint Count;

    /// <summary>Next block in the same hash bucket.</summary>
    internal Block* Next;

    /// <summary>The instructions in guest memory.</summary>
    internal byte* Source;

    /// <summary>The copy to compare them with.</summary>
    internal byte* Copy;

    /// <summary>Length of the copy in bytes.</summary>
    internal int Length;

    /// <summary>Keeps the operations aligned to 16 bytes.</summary>
    internal int Reserved;
}
