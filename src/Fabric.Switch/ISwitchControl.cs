namespace Fabric.Switch;

/// <summary>What a control protocol (spanning tree, multicast snooping) may ask of the switch that runs it.</summary>
/// <remarks>The switch calls a protocol, and the protocol the switch, under the switch's lock: one call at a time. Ports are numbered as
/// the switch numbers them, from 0; a number is used again after its port has left.</remarks>
public interface ISwitchControl
{
    /// <summary>Sets what a port does with ordinary frames.</summary>
    /// <param name="port">Number of the port.</param>
    /// <param name="state">The state.</param>
    void SetPortState(int port, PortState state);

    /// <summary>Forgets the addresses learned on a port (IEEE 802.1D-2004, 17.11).</summary>
    /// <param name="port">Number of the port.</param>
    void FlushAddresses(int port);

    /// <summary>Sends a frame that the switch itself made, untagged, whatever the port's state.</summary>
    /// <param name="port">Number of the port.</param>
    /// <param name="frame">The frame without FCS; the source address is the protocol's choice.</param>
    void Transmit(int port, ReadOnlySpan<byte> frame);
}
