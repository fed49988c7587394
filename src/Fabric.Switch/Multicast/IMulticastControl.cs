using Fabric.Wire;

namespace Fabric.Switch.Multicast;

/// <summary>What an <see cref="IMulticastSnooper"/> may ask of the switch that runs it. Only from a call of the switch.</summary>
public interface IMulticastControl
{
    /// <summary>Says which ports get the frames of a group, beside those that lead to routers, in place of what was said before. Frames of
    /// groups nobody has spoken of are flooded.</summary>
    /// <param name="vid">The VLAN; 0 in a switch without VLANs.</param>
    /// <param name="group">The group.</param>
    /// <param name="ports">Numbers of the ports; may be empty.</param>
    /// <returns>False when the switch has <see cref="EthernetSwitch.MaxGroups"/> groups already: the group is flooded.</returns>
    bool TrySetMembers(int vid, MacAddress group, ReadOnlySpan<int> ports);

    /// <summary>Floods the frames of a group again.</summary>
    /// <param name="vid">The VLAN.</param>
    /// <param name="group">The group.</param>
    void RemoveGroup(int vid, MacAddress group);

    /// <summary>Says which ports lead to multicast routers, in place of what was said before.</summary>
    /// <param name="vid">The VLAN.</param>
    /// <param name="ports">Numbers of the ports; may be empty.</param>
    void SetRouters(int vid, ReadOnlySpan<int> ports);

    /// <summary>Sends a frame that the switch itself made, with the tag that the port uses for the VLAN. Nothing is sent where the port
    /// does not forward or does not carry the VLAN.</summary>
    /// <param name="port">Number of the port.</param>
    /// <param name="vid">The VLAN; 0 in a switch without VLANs.</param>
    /// <param name="frame">The frame without tag and FCS.</param>
    void Transmit(int port, int vid, ReadOnlySpan<byte> frame);
}
