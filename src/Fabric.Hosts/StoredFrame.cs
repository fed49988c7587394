using Fabric.Link;

namespace Fabric.Hosts;

/// <summary>A frame in a buffer of <see cref="FrameBuffers"/>.</summary>
internal readonly record struct StoredFrame(byte[] Buffer, int Length, FrameOffload Offload)
{
    internal static StoredFrame Copy(in Frame frame)
    {
        byte[] buffer = FrameBuffers.Rent(frame.Length);
        frame.CopyTo(0, buffer);
        return new StoredFrame(buffer, frame.Length, frame.Offload);
    }
}
