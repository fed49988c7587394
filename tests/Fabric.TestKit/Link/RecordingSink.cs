using Fabric.Link;

namespace Fabric.TestKit.Link;

/// <summary>A sink that keeps what it gets.</summary>
public sealed class RecordingSink : IFrameSink
{
    public List<RecordedFrame> Frames { get; } = [];

    /// <summary>Number of calls: bursts.</summary>
    public int Bursts { get; private set; }

    public void Accept(IPort port, ReadOnlySpan<Frame> frames)
    {
        Bursts++;
        foreach (ref readonly Frame frame in frames)
        {
            byte[] bytes = new byte[frame.Length];
            frame.CopyTo(0, bytes);
            Frames.Add(new RecordedFrame(port, bytes, frame.Offload));
        }
    }
}
