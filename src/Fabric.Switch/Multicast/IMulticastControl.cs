namespace Fabric.Switch.Multicast;

/// <summary>What an <see cref="IMulticastSnooper"/> may ask of the switch that runs it: to send the frames that it makes. Only from a call
/// of the switch.</summary>
/// <remarks>Frames have no tag and no FCS; the switch tags them as the port does in the VLAN, and pads them. Nothing is sent where a port
/// does not forward or does not carry the VLAN.</remarks>
public interface IMulticastControl
{
    /// <summary>Sends a frame to one port.</summary>
    /// <param name="port">Number of the port.</param>
    /// <param name="vid">The VLAN; 0 in a switch without VLANs.</param>
    /// <param name="frame">The frame; not kept.</param>
    void Transmit(int port, int vid, ReadOnlySpan<byte> frame);

    /// <summary>Sends a frame to all ports.</summary>
    /// <param name="vid">The VLAN; 0 in a switch without VLANs.</param>
    /// <param name="frame">The frame; not kept.</param>
    void Flood(int vid, ReadOnlySpan<byte> frame);
}
