namespace Fabric.Link;

/// <summary>A contiguous piece of a frame.</summary>
/// <param name="Address">Host address of the first byte.</param>
/// <param name="Length">Length in bytes.</param>
public readonly record struct FrameSegment(nint Address, int Length);
