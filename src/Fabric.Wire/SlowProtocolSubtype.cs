namespace Fabric.Wire;

/// <summary>Which slow protocol a frame belongs to (IEEE 802.3, 57A.4).</summary>
public enum SlowProtocolSubtype : byte
{
    /// <summary>Link aggregation control (IEEE 802.1AX-2014, 6.4.2).</summary>
    Lacp = 1,

    /// <summary>Link aggregation marker (IEEE 802.1AX-2014, 6.5.3).</summary>
    Marker = 2,

    /// <summary>Operations, administration and maintenance of a link (IEEE 802.3, clause 57).</summary>
    Oam = 3,
}
