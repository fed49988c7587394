using System.Runtime.InteropServices;

namespace Fabric.RiscV;

/// <summary>A hart's decoded code, keyed by guest-physical address, so that all processes share the blocks of a shared library.</summary>
/// <remarks>
/// <para>Code may be overwritten at any time and a hart may go on executing what it has decoded until it executes FENCE.I (or is told
/// to): that advances the generation, and a block of an older generation is compared with memory before it is entered again. So
/// the thousands of FENCE.I of a boot cost a comparison per block in use, not a new decoding.</para>
/// <para>When the arena is full everything is dropped and decoded anew. Used by the hart's thread only.</para>
/// </remarks>
internal sealed unsafe class BlockCache
{
    /// <summary>Buckets of the hash table.</summary>
    internal const int Buckets = 1 << 16;

    /// <summary>Most instructions in a block.</summary>
    internal const int MaxInstructions = 96;

    private const int ArenaBytes = 48 << 20;
    private const int MaxOps = MaxInstructions + 3;
    private const int MaxBlockBytes = 128 + (MaxOps * 16) + (MaxInstructions * 8);
    private readonly byte[] _tableMemory = GC.AllocateArray<byte>(Buckets * sizeof(Block*), pinned: true);
    private readonly byte[] _crossingMemory = GC.AllocateArray<byte>(256, pinned: true);
    private byte[]? _arenaMemory;
    private byte* _free;
    private byte* _end;

    /// <summary>The hash table, for the interpreter's inline look-up.</summary>
    internal Block** Table => (Block**)Marshal.UnsafeAddrOfPinnedArrayElement(_tableMemory, 0);

    /// <summary>The current code generation, never 0.</summary>
    internal uint Generation { get; private set; } = 1;

    /// <summary>Counts how often everything was dropped.</summary>
    internal int Epoch { get; private set; }

    /// <summary>Bucket of an address.</summary>
    [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.AggressiveInlining)]
    internal static nuint Bucket(ulong physical) => (nuint)((physical >> 1) ^ (physical >> 14)) & (Buckets - 1);

    /// <summary>Makes each block be compared with memory before it is entered again.</summary>
    internal void Advance()
    {
        if (++Generation == 0)
        {
            Drop();
            Generation = 1;
        }
    }

    /// <summary>The block at an address, from the table or decoded now, in the current generation.</summary>
    /// <param name="physical">Guest-physical address of the first instruction; it lies whole inside its page.</param>
    /// <param name="source">The same in host memory.</param>
    internal Block* Find(ulong physical, byte* source)
    {
        Block** bucket = Table + Bucket(physical);
        Block** link = bucket;
        for (Block* block = *link; block != null; link = &block->Next, block = *link)
        {
            if (block->Physical != physical)
                continue;
            *link = block->Next;
            if (!TryRevalidate(block))
                break;
            block->Next = *bucket;
            *bucket = block;
            return block;
        }

        return Decode(physical, source);
    }

    /// <summary>Compares a block of an older generation with memory.</summary>
    /// <returns>True when it may be entered.</returns>
    internal bool TryRevalidate(Block* block)
    {
        if (block->Generation == Generation)
            return true;
        if (!new ReadOnlySpan<byte>(block->Source, block->Length).SequenceEqual(new ReadOnlySpan<byte>(block->Copy, block->Length)))
            return false;
        block->Generation = Generation;
        return true;
    }

    /// <summary>A block of the one instruction that straddles two pages, valid until the next such call.</summary>
    /// <param name="physical">Guest-physical address of its first half.</param>
    /// <param name="instruction">The instruction's 32 bits.</param>
    internal Block* Crossing(ulong physical, uint instruction)
    {
        // SAFETY: the pinned buffer holds a block head and the at most three operations of one instruction.
        byte* at = (byte*)(((nuint)Marshal.UnsafeAddrOfPinnedArrayElement(_crossingMemory, 0) + 15) & ~(nuint)15);
        Block* block = (Block*)at;
        *block = default;
        block->Physical = physical;
        block->Generation = Generation;
        BlockDecoder decoder = new((int)(physical & 4095), (Op*)(block + 1));
        decoder.Add(instruction);
        decoder.Finish();
        block->Count = (uint)decoder.Count;
        return block;
    }

    /// <summary>True for the block that <see cref="Crossing"/> hands out.</summary>
    internal bool IsCrossing(void* address)
    {
        byte* start = (byte*)Marshal.UnsafeAddrOfPinnedArrayElement(_crossingMemory, 0);
        return address >= start && address < start + _crossingMemory.Length;
    }

    private Block* Decode(ulong physical, byte* source)
    {
        if (_end - _free < MaxBlockBytes)
            Drop();
        Block* block = (Block*)_free;
        *block = default;
        Op* ops = (Op*)(block + 1);
        BlockDecoder decoder = new((int)(physical & 4095), ops);
        byte* copy = _end - (MaxInstructions * 4);
        int room = Math.Min(4096 - (int)(physical & 4095), MaxInstructions * 4);

        // Copied before it is decoded: what is compared later must be what was decoded, even if another hart writes meanwhile.
        Buffer.MemoryCopy(source, copy, room, room);
        int length = 0;
        while (!decoder.Ended && decoder.Count < MaxInstructions && length + 2 <= room)
        {
            uint low = *(ushort*)(copy + length);
            bool wide = (low & 3) == 3;
            if (wide && length + 4 > room)
                break;
            decoder.Add(wide ? *(uint*)(copy + length) : low);
            length += wide ? 4 : 2;
        }

        Op* end = decoder.Finish();
        block->Copy = (byte*)end;
        Buffer.MemoryCopy(copy, block->Copy, length, length);
        block->Physical = physical;
        block->Generation = Generation;
        block->Count = (uint)decoder.Count;
        block->Source = source;
        block->Length = length;
        _free = (byte*)(((nuint)block->Copy + (nuint)length + 15) & ~(nuint)15);
        Block** bucket = Table + Bucket(physical);
        block->Next = *bucket;
        *bucket = block;
        return block;
    }

    private void Drop()
    {
        // SAFETY: pinned and kept alive by the field; touched lazily by the host.
        _arenaMemory ??= GC.AllocateUninitializedArray<byte>(ArenaBytes, pinned: true);
        byte* start = (byte*)Marshal.UnsafeAddrOfPinnedArrayElement(_arenaMemory, 0);
        _free = (byte*)(((nuint)start + 63) & ~(nuint)63);
        _end = start + ArenaBytes - 64;
        Array.Clear(_tableMemory);
        Epoch++;
    }
}
