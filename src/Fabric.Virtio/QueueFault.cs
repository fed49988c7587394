namespace Fabric.Virtio;

/// <summary>How a driver broke the rules of a virtqueue, so that the device asks for a reset.</summary>
public enum QueueFault
{
    /// <summary>It did not.</summary>
    None,

    /// <summary>The queue size is 0, no power of two, or above the largest offered (virtio 1.2, 2.7).</summary>
    QueueSize,

    /// <summary>A ring is not aligned as section 2.7 demands.</summary>
    RingAlignment,

    /// <summary>A ring does not lie in RAM.</summary>
    RingOutsideMemory,

    /// <summary>Two of the three areas of the queue overlap.</summary>
    RingOverlap,

    /// <summary>The available index ran ahead by more than the queue size.</summary>
    AvailableIndex,

    /// <summary>The available ring or a next field names a descriptor that does not exist.</summary>
    DescriptorIndex,

    /// <summary>A chain comes back to itself (2.7.5.3.1 and 2.7.13: no longer than its table).</summary>
    Loop,

    /// <summary>A descriptor of length 0.</summary>
    ZeroLength,

    /// <summary>A buffer of 2 GiB or more, or a chain of more than 4 GiB (2.7.5).</summary>
    Oversized,

    /// <summary>A chain of more than <see cref="SplitQueue.MaxChain"/> buffers.</summary>
    ChainLength,

    /// <summary>A buffer or an indirect table does not lie in RAM.</summary>
    OutsideMemory,

    /// <summary>A device-readable buffer after a device-writable one (2.7.4.2).</summary>
    Order,

    /// <summary>An indirect descriptor although the feature was not agreed on (2.7.5.3.1).</summary>
    IndirectNotAgreed,

    /// <summary>An indirect descriptor inside an indirect table (2.7.5.3.1).</summary>
    IndirectNested,

    /// <summary>Both INDIRECT and NEXT (2.7.5.3.1).</summary>
    IndirectWithNext,

    /// <summary>An indirect table that is empty, too long, or no whole number of descriptors.</summary>
    IndirectLength,

    /// <summary>A chain that has no room for what the device must answer, or lacks the header of the request.</summary>
    Request,
}
