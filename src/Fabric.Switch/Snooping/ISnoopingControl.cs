namespace Fabric.Switch.Snooping;

/// <summary>What multicast snooping asks of the switch that runs it: to send the queries that it makes.</summary>
/// <remarks>Called under the switch's lock. Frames are untagged and without FCS; the switch tags and pads them as the port wants it.</remarks>
public interface ISnoopingControl
{
    /// <summary>Sends a frame to one port, if it belongs to the VLAN and forwards.</summary>
    /// <param name="port">Number of the port.</param>
    /// <param name="vlan">The VLAN; 0 in a switch without VLANs.</param>
    /// <param name="frame">The frame; not kept.</param>
    void Transmit(int port, int vlan, ReadOnlySpan<byte> frame);

    /// <summary>Sends a frame to all ports that belong to the VLAN and forward.</summary>
    /// <param name="vlan">The VLAN; 0 in a switch without VLANs.</param>
    /// <param name="frame">The frame; not kept.</param>
    void Flood(int vlan, ReadOnlySpan<byte> frame);
}
