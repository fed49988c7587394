namespace Fabric.Link.Capture;

/// <summary>Numbers of blocks and of what stands in them (draft-ietf-opsawg-pcapng, 4).</summary>
internal static class PcapngBlock
{
    internal const uint Section = 0x0A0D0D0A;
    internal const uint Interface = 1;
    internal const uint Statistics = 5;
    internal const uint EnhancedPacket = 6;
    internal const uint ByteOrderMagic = 0x1A2B3C4D;
    internal const ushort EthernetLink = 1;

    /// <summary>Type and length before the body, length behind it.</summary>
    internal const int Envelope = 12;

    /// <summary>epb_flags, bits 0 and 1.</summary>
    internal const uint Inbound = 1;
    internal const uint Outbound = 2;
}
