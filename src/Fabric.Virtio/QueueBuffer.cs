namespace Fabric.Virtio;

/// <summary>One buffer of a descriptor chain: a checked piece of guest memory.</summary>
/// <param name="Address">Host address of the first byte.</param>
/// <param name="Length">Length in bytes.</param>
public readonly unsafe record struct QueueBuffer(nint Address, int Length)
{
    /// <summary>The bytes; the guest may change them at any time. Valid until the chain is given back.</summary>
    // SAFETY: SplitQueue checked the whole piece against live guest memory, which outlives the device.
    public Span<byte> Span => new((byte*)Address, Length);

    /// <summary>The rest of the buffer.</summary>
    /// <param name="count">Bytes to leave out, 0 … <see cref="Length"/>.</param>
    public QueueBuffer Skip(int count) => new(Address + count, Length - count);
}
