using System.Buffers;
using System.Collections.Concurrent;

namespace Fabric.Link.Streams;

/// <summary>Buffers of 64 KiB that the collector never moves, so that frames can be views into a pipe's memory.</summary>
/// <remarks>Any thread. What is given back is used again; the pool never shrinks while its port lives.</remarks>
internal sealed class PinnedBlocks : MemoryPool<byte>
{
    /// <summary>Length of each block in bytes.</summary>
    internal const int BlockLength = 64 * 1024;

    private readonly ConcurrentQueue<Block> _free = new();

    /// <inheritdoc/>
    public override int MaxBufferSize => BlockLength;

    /// <inheritdoc/>
    public override IMemoryOwner<byte> Rent(int minBufferSize = -1)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(minBufferSize, BlockLength);
        return _free.TryDequeue(out Block? block) ? block : new Block(this);
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing) => _free.Clear();

    private sealed class Block(PinnedBlocks owner) : IMemoryOwner<byte>
    {
        public Memory<byte> Memory { get; } = GC.AllocateUninitializedArray<byte>(BlockLength, pinned: true);

        public void Dispose() => owner._free.Enqueue(this);
    }
}
