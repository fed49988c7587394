namespace Fabric.Link.Capture;

/// <summary>Codes of options; the same code means another thing in another block (draft-ietf-opsawg-pcapng, 3.5 and 4).</summary>
internal static class PcapngOption
{
    // Any block.
    internal const ushort Comment = 1;

    // Section header.
    internal const ushort Application = 4;

    // Interface description.
    internal const ushort InterfaceName = 2;
    internal const ushort InterfaceDescription = 3;
    internal const ushort TimeResolution = 9;
    internal const ushort InterfaceFilter = 11;

    // Enhanced packet.
    internal const ushort PacketFlags = 2;
    internal const ushort PacketDropCount = 4;

    // Interface statistics.
    internal const ushort StartTime = 2;
    internal const ushort EndTime = 3;
    internal const ushort Received = 4;
    internal const ushort Dropped = 5;
    internal const ushort FilterAccepted = 6;
}
