using Fabric.Link;

namespace Fabric.Hosts;

/// <summary>Sends into somebody else's port: a cable's end, a TAP.</summary>
internal sealed class PortOutlet(IPort port, FrameOffloads wanted) : IFrameOutlet
{
    public FrameOffloads Accepts => port.Accepts & wanted;

    public void Send(in Frame frame) => port.Transmit(new ReadOnlySpan<Frame>(in frame));
}
