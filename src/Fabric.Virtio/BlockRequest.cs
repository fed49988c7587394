namespace Fabric.Virtio;

/// <summary>A block request that was parsed and checked against the disk's limits: what is left to do is I/O.</summary>
internal ref struct BlockRequest
{
    /// <summary>What to do.</summary>
    internal BlockRequestType Type;

    /// <summary>First byte on the disk; reads and writes only.</summary>
    internal long Offset;

    /// <summary>Bytes in <see cref="Data"/>.</summary>
    internal long Length;

    /// <summary>Guest memory to read into or write from; for GET_ID, to answer into.</summary>
    internal ReadOnlySpan<QueueBuffer> Data;

    /// <summary>Ranges of a discard or write-zeroes request.</summary>
    internal ReadOnlySpan<BlockRange> Ranges;
}
