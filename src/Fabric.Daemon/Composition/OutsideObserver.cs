using Fabric.Link;
using Fabric.Overlay;

namespace Fabric.Daemon.Composition;

/// <summary>Of the packets of a tunnel end point, shows those of one segment, and those that belong to none.</summary>
/// <param name="segment">The segment.</param>
/// <param name="to">Who sees them.</param>
internal sealed class OutsideObserver(VxlanPort segment, IFrameObserver to) : IFrameObserver
{
    /// <inheritdoc/>
    public void Observe(IPort port, FrameDirection direction, ReadOnlySpan<Frame> frames)
    {
        if (IsWanted(port))
            to.Observe(port, direction, frames);
    }

    /// <inheritdoc/>
    public void ObserveDrop(IPort port, FrameDirection direction, in Frame frame, DropReason reason)
    {
        if (IsWanted(port))
            to.ObserveDrop(port, direction, in frame, reason);
    }

    private bool IsWanted(IPort port) => port == segment || port == segment.Vtep.Receiver;
}
