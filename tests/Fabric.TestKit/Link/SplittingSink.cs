using Fabric.Link;

namespace Fabric.TestKit.Link;

/// <summary>Hands frames that come in one piece on one by one, each in two pieces.</summary>
/// <param name="inner">Takes them.</param>
/// <param name="firstLength">Bytes of the first piece, from the length of the frame: 1 … length - 1.</param>
public sealed unsafe class SplittingSink(IFrameSink inner, Func<int, int> firstLength) : IFrameSink
{
    /// <inheritdoc/>
    public void Accept(IPort port, ReadOnlySpan<Frame> frames)
    {
        foreach (Frame frame in frames)
        {
            int first = firstLength(frame.Length);
            fixed (byte* bytes = frame.Head)
            {
                FrameSegment rest = new((nint)(bytes + first), frame.Length - first);
                inner.Accept(port, [new Frame(bytes, first, &rest, 1, frame.Length, frame.Offload)]);
            }
        }
    }
}
