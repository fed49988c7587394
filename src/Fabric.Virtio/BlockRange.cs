namespace Fabric.Virtio;

/// <summary>One segment of a discard or write-zeroes request, checked and in bytes.</summary>
/// <param name="Offset">First byte.</param>
/// <param name="Length">Length in bytes.</param>
/// <param name="Unmap">The guest lets the range be deallocated.</param>
internal readonly record struct BlockRange(long Offset, long Length, bool Unmap);
