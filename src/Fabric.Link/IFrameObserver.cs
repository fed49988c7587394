namespace Fabric.Link;

/// <summary>Sees frames pass without taking part: a capture, a mirror into a file.</summary>
/// <remarks>Called on the data path, by one worker at a time for each switch: copies what it keeps, never blocks, never allocates per
/// frame. What it cannot keep up with it counts as lost itself.</remarks>
public interface IFrameObserver
{
    /// <summary>Frames pass a port.</summary>
    /// <param name="port">The port.</param>
    /// <param name="direction">Which way.</param>
    /// <param name="frames">Valid during the call only.</param>
    void Observe(IPort port, FrameDirection direction, ReadOnlySpan<Frame> frames);

    /// <summary>A frame is dropped. One that was received has been shown by <see cref="Observe"/> too if the drop happened behind the
    /// port; it is told here once, with its reason.</summary>
    /// <param name="port">The port it came in on, or was to leave by.</param>
    /// <param name="direction">Which of the two.</param>
    /// <param name="frame">Valid during the call only.</param>
    /// <param name="reason">Why.</param>
    void ObserveDrop(IPort port, FrameDirection direction, in Frame frame, DropReason reason);
}
