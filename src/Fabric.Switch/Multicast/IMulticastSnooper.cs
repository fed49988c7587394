namespace Fabric.Switch.Multicast;

/// <summary>Listens to IGMP and MLD and says which ports want which groups (RFC 4541).</summary>
/// <remarks>The switch calls it under its lock: one call at a time, and from any of them the snooper may call the
/// <see cref="IMulticastControl"/> it was made with. It never blocks, and keeps no reference to a frame.</remarks>
public interface IMulticastSnooper
{
    /// <summary>A port is there; told for those that are attached already when the snooper begins.</summary>
    /// <param name="port">Number of the port.</param>
    void PortAdded(int port);

    /// <summary>A port is gone, and its number may come again. The switch has taken it out of all groups.</summary>
    /// <param name="port">Number of the port.</param>
    void PortRemoved(int port);

    /// <summary>An IGMP packet, or an MLD message (ICMPv6 types 130, 131, 132 and 143), to a group address.</summary>
    /// <param name="port">Number of the port it came in on.</param>
    /// <param name="vid">Its VLAN; 0 in a switch without VLANs.</param>
    /// <param name="frame">The whole frame without the port's tag and FCS, contiguous; nothing but the EtherType and the kind of message
    /// was checked. Valid during the call.</param>
    /// <returns>Where it goes.</returns>
    SnoopVerdict Receive(int port, int vid, ReadOnlySpan<byte> frame);

    /// <summary>Another second has passed.</summary>
    void Tick();
}
