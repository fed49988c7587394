namespace Fabric.Switch;

/// <summary>A protocol that a switch speaks with its neighbours (IEEE 802.1D-2004, 7.10): a spanning tree, link discovery.</summary>
/// <remarks>The switch calls it under its lock: one call at a time, and from any of them the protocol may call the
/// <see cref="ISwitchControl"/> it was made with. It never blocks, and keeps no reference to a frame.</remarks>
public interface IControlProtocol
{
    /// <summary>A port is there; told for those that are attached already when the protocol begins.</summary>
    /// <param name="port">Number of the port.</param>
    /// <param name="isUp">Whether frames can pass it now.</param>
    void PortAdded(int port, bool isUp);

    /// <summary>A port is gone: it can no longer be sent to, and its number may come again.</summary>
    /// <param name="port">Number of the port.</param>
    void PortRemoved(int port);

    /// <summary>A port went up or down.</summary>
    /// <param name="port">Number of the port.</param>
    /// <param name="isUp">Its state now; changes that undo each other within a moment are not told.</param>
    void LinkChanged(int port, bool isUp);

    /// <summary>A frame to one of the group addresses that stay on their link (IEEE 802.1D-2004, 7.12.6), whatever the port's state.</summary>
    /// <param name="port">Number of the port it came in on.</param>
    /// <param name="frame">The whole frame without FCS, contiguous, at least 14 and at most
    /// <see cref="EthernetSwitch.MaxControlFrame"/> bytes; valid during the call.</param>
    /// <returns>False when the frame is none of this protocol's.</returns>
    bool TryReceive(int port, ReadOnlySpan<byte> frame);

    /// <summary>Another second has passed.</summary>
    void Tick();
}
