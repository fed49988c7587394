using Fabric.Link;

namespace Fabric.Switch.Mirrors;

/// <summary>A mirror session as the data path uses it. Under the switch's lock.</summary>
/// <param name="session">What was asked.</param>
/// <param name="target">The port that gets the copies, while it is attached.</param>
internal sealed class Mirror(MirrorSession session, IPort? target)
{
    internal MirrorSession Session => session;

    internal bool Takes(MirrorDirection direction) => (session.Direction & direction) != 0;

    /// <summary>Sends copies.</summary>
    /// <param name="port">The port that the frames pass.</param>
    /// <param name="direction">Which way.</param>
    /// <param name="frames">The frames.</param>
    /// <param name="completer">Finishes those that the target cannot carry.</param>
    internal void Copy(IPort port, FrameDirection direction, ReadOnlySpan<Frame> frames, OffloadCompleter completer)
    {
        if (frames.IsEmpty)
            return;
        // What the completer drops is no frame on any wire: a mirror shows none either.
        if (target is not null)
            completer.Transmit(target, frames);
        session.ToObserver?.Observe(port, direction, frames);
    }
}
