namespace Fabric.Link;

/// <summary>Takes the frames that a port has received: a switch, a router, an overlay.</summary>
public interface IFrameSink
{
    /// <summary>Takes a burst. Called on the worker that owns the port's receive side.</summary>
    /// <param name="port">The port the frames came in on.</param>
    /// <param name="frames">1 to <see cref="IPort.MaxBurst"/> frames, valid during the call only.</param>
    void Accept(IPort port, ReadOnlySpan<Frame> frames);
}
