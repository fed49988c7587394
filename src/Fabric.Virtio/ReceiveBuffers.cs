namespace Fabric.Virtio;

/// <summary>The receive buffers that one frame is copied into: one chain, or several where the driver takes them merged
/// (virtio 1.2, section 5.1.6.4). Belongs to the holder of the receive queue's gate; reused for each frame.</summary>
internal sealed class ReceiveBuffers
{
    private readonly QueueBuffer[] _buffers = new QueueBuffer[2 * SplitQueue.MaxChain];
    private readonly ushort[] _heads = new ushort[SplitQueue.MaxChain];
    private readonly int[] _capacities = new int[SplitQueue.MaxChain];
    private int _count;
    private int _current;
    private int _filled;

    /// <summary>Number of chains collected.</summary>
    internal int Chains { get; private set; }

    /// <summary>True when the last collection found no chain at all.</summary>
    internal bool IsEmpty { get; private set; }

    /// <summary>Pops chains until a frame fits.</summary>
    /// <param name="queue">The receive queue; the caller holds its gate.</param>
    /// <param name="wanted">Bytes needed.</param>
    /// <param name="maximum">Most chains to use.</param>
    /// <returns>False when the frame does not fit into what is available; the queue is then as it was.</returns>
    internal bool TryCollect(SplitQueue queue, int wanted, int maximum)
    {
        Chains = _count = _current = _filled = 0;
        queue.BeginBurst();
        long room = 0;
        while (room < wanted && Chains < maximum && queue.TryPop(out DescriptorChain chain))
        {
            if (chain.WritableLength == 0)
            {
                queue.Break(QueueFault.Request);
                break;
            }

            _heads[Chains] = chain.Head;
            _capacities[Chains] = (int)Math.Min(chain.WritableLength, int.MaxValue);
            Chains++;
            chain.Writable.CopyTo(_buffers.AsSpan(_count));
            _count += chain.Writable.Length;
            room += chain.WritableLength;
        }

        IsEmpty = Chains == 0;
        if (room >= wanted)
            return true;
        queue.Undo(Chains);
        return false;
    }

    /// <summary>Appends bytes; there is room for what was asked of <see cref="TryCollect"/>.</summary>
    /// <param name="source">The bytes.</param>
    internal void Write(ReadOnlySpan<byte> source)
    {
        while (source.Length > 0)
        {
            QueueBuffer buffer = _buffers[_current];
            int count = Math.Min(source.Length, buffer.Length - _filled);
            source[..count].CopyTo(buffer.Span[_filled..]);
            source = source[count..];
            _filled += count;
            if (_filled == buffer.Length)
            {
                _current++;
                _filled = 0;
            }
        }
    }

    /// <summary>Gives the chains back, each with the bytes it holds.</summary>
    /// <param name="queue">The receive queue.</param>
    /// <param name="written">Bytes written in all.</param>
    internal void AddUsed(SplitQueue queue, int written)
    {
        for (int i = 0; i < Chains; i++)
        {
            int here = Math.Min(written, _capacities[i]);
            queue.AddUsed(_heads[i], (uint)here);
            written -= here;
        }
    }
}
