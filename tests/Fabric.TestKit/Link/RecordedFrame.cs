using Fabric.Link;

namespace Fabric.TestKit.Link;

/// <summary>A frame that arrived, by value.</summary>
public sealed record RecordedFrame(IPort Port, byte[] Bytes, FrameOffload Offload);
