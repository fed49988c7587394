namespace Fabric.Link.Capture;

/// <summary>Stands where a port would, so that the one place that cuts super-frames cuts them for a capture too.</summary>
/// <param name="packet">Room for the longest frame.</param>
/// <param name="take">Takes each finished packet, in one piece; valid during the call.</param>
internal sealed class SegmentCollector(byte[] packet, SegmentCollector.Taker take) : IPort
{
    internal delegate void Taker(ReadOnlySpan<byte> packet);

    public string Name => "capture";

    public FrameOffloads Accepts => FrameOffloads.None;

    public PortCounters Counters { get; } = new();

    public bool IsUp => true;

    public int Transmit(ReadOnlySpan<Frame> frames)
    {
        foreach (ref readonly Frame frame in frames)
            take(packet.AsSpan(0, frame.CopyTo(0, packet)));
        return frames.Length;
    }

    public void AttachLinkWatcher(ILinkWatcher? watcher)
    {
    }

    public int Receive(IFrameSink sink) => 0;

    public void AttachWaker(IWaker waker)
    {
    }

    public bool TryArm() => true;

    public void Dispose()
    {
    }
}
