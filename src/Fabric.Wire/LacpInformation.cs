namespace Fabric.Wire;

/// <summary>One side of a link as LACP knows it: the actor or partner information of a LACPDU (IEEE 802.1AX-2014, 6.4.2.3).</summary>
/// <param name="SystemPriority">Priority of the system; lower is better.</param>
/// <param name="System">Address of the system; with the priority its identifier (6.3.2).</param>
/// <param name="Key">Links of a system with one key may be aggregated (6.3.5).</param>
/// <param name="PortPriority">Priority of the port; lower is better.</param>
/// <param name="Port">Number of the port; with the priority its identifier (6.3.4).</param>
/// <param name="State">The state octet.</param>
public readonly record struct LacpInformation(
    ushort SystemPriority,
    MacAddress System,
    ushort Key,
    ushort PortPriority,
    ushort Port,
    LacpState State)
{
    /// <summary>The system's identifier as a number: the lower, the better.</summary>
    public ulong SystemId
    {
        get
        {
            ulong id = SystemPriority;
            for (int i = 0; i < MacAddress.Length; i++)
                id = (id << 8) | ((System.Bits >> (8 * i)) & 0xFF);
            return id;
        }
    }

    /// <summary>The port's identifier as a number: the lower, the better.</summary>
    public uint PortId => ((uint)PortPriority << 16) | Port;

    /// <summary>True when both speak of the same port with the same key, whatever the other flags than <see cref="LacpState.Aggregation"/>.</summary>
    /// <param name="other">The other.</param>
    public bool IsSamePort(in LacpInformation other) =>
        SystemId == other.SystemId && PortId == other.PortId && Key == other.Key && ((State ^ other.State) & LacpState.Aggregation) == 0;
}
