using Fabric.Link;

namespace Fabric.Hosts;

/// <summary>Sends into somebody else's port: a cable's end, a TAP.</summary>
internal sealed class PortOutlet(IPort port, FrameOffloads wanted) : IFrameOutlet
{
    public FrameOffloads Accepts => port.Accepts & wanted;

    /// <summary>A port does not tell; it drops and counts what it cannot take.</summary>
    public bool HasRoom => true;

    public void Send(in Frame frame) => port.Transmit(new ReadOnlySpan<Frame>(in frame));
}
