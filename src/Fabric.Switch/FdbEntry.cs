using Fabric.Wire;

namespace Fabric.Switch;

/// <summary>A line of the forwarding database: which port leads to an address (IEEE 802.1D-2004, 7.9).</summary>
/// <param name="Address">The address.</param>
/// <param name="PortName">Name of the port it was last seen on.</param>
/// <param name="Age">Time since the last frame from it, in whole seconds; 0 for a fixed entry.</param>
public sealed record FdbEntry(MacAddress Address, string PortName, TimeSpan Age)
{
    /// <summary>The VLAN; 0 in a switch without VLANs.</summary>
    public int Vid { get; init; }

    /// <summary>True for an entry that an operator or port security made: it neither ages nor moves.</summary>
    public bool IsFixed { get; init; }
}
