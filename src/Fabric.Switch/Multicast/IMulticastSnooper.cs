namespace Fabric.Switch.Multicast;

/// <summary>Listens to IGMP and MLD and says which ports want which groups (RFC 4541).</summary>
/// <remarks>The switch calls it under its lock: one call at a time, and from any of them the snooper may call the
/// <see cref="IMulticastControl"/> it was made with. It never blocks, and keeps no reference to a frame.</remarks>
public interface IMulticastSnooper
{
    /// <summary>A port is there; told for those that are attached already when the snooper begins.</summary>
    /// <param name="port">Number of the port.</param>
    void PortAdded(int port);

    /// <summary>A port is gone, and its number may come again.</summary>
    /// <param name="port">Number of the port.</param>
    void PortRemoved(int port);

    /// <summary>A port went up or down.</summary>
    /// <param name="port">Number of the port.</param>
    /// <param name="isUp">Its state now.</param>
    void LinkChanged(int port, bool isUp);

    /// <summary>A spanning tree has found new ways: hosts may be behind other ports now.</summary>
    void TopologyChanged();

    /// <summary>Finds where a frame to a group address goes. Must not allocate or change anything.</summary>
    /// <param name="port">Number of the port it came in on.</param>
    /// <param name="vid">Its VLAN; 0 in a switch without VLANs.</param>
    /// <param name="body">From the EtherType on, behind the port's tag: at least 100 bytes, or all there are.</param>
    /// <param name="ports">Where it goes, with <see cref="SnoopVerdict.Ports"/>; a port may be named twice. Valid until the next call.</param>
    /// <returns>The verdict; with <see cref="SnoopVerdict.Message"/> the frame is then given to <see cref="Receive"/>.</returns>
    SnoopVerdict Find(int port, int vid, ReadOnlySpan<byte> body, out ReadOnlySpan<int> ports);

    /// <summary>Takes in a message that <see cref="Find"/> has told of.</summary>
    /// <param name="port">Number of the port it came in on.</param>
    /// <param name="vid">Its VLAN; 0 in a switch without VLANs.</param>
    /// <param name="body">The whole frame from the EtherType on, behind the port's tag, contiguous. Valid during the call.</param>
    /// <param name="ports">Where it goes, with <see cref="SnoopVerdict.Routers"/>; a port may be named twice. Valid until the next call.</param>
    /// <returns><see cref="SnoopVerdict.Flood"/>, <see cref="SnoopVerdict.Routers"/> or <see cref="SnoopVerdict.Invalid"/>.</returns>
    SnoopVerdict Receive(int port, int vid, ReadOnlySpan<byte> body, out ReadOnlySpan<int> ports);

    /// <summary>Another second has passed.</summary>
    void Tick();
}
