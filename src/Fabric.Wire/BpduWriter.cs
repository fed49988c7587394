using System.Buffers.Binary;

namespace Fabric.Wire;

/// <summary>Writes bridge protocol data units as Ethernet frames to the bridge group address (IEEE 802.1D-2004, 9.3).</summary>
public static class BpduWriter
{
    /// <summary>Bytes of each frame written, padding included: the least that Ethernet carries, without FCS.</summary>
    public const int FrameLength = 60;

    /// <summary>Writes a topology change notification (9.3.2).</summary>
    /// <param name="frame">At least <see cref="FrameLength"/> bytes.</param>
    /// <param name="source">Address of the sender.</param>
    public static void WriteTopologyChange(Span<byte> frame, MacAddress source) =>
        WriteHeader(frame, source, BpduView.TopologyChangeLength, version: 0, type: 0x80);

    /// <summary>Writes a configuration BPDU (9.3.1).</summary>
    /// <param name="frame">At least <see cref="FrameLength"/> bytes.</param>
    /// <param name="source">Address of the sender.</param>
    /// <param name="content">What it says; the flags it does not have are left out.</param>
    public static void WriteConfiguration(Span<byte> frame, MacAddress source, in BpduContent content)
    {
        WriteHeader(frame, source, BpduView.ConfigurationLength, version: 0, type: 0x00);
        WriteContent(frame[BpduView.Start..], content, BpduView.InConfiguration);
    }

    /// <summary>Writes a rapid spanning tree BPDU (9.3.3); its version 1 length is zero.</summary>
    /// <param name="frame">At least <see cref="FrameLength"/> bytes.</param>
    /// <param name="source">Address of the sender.</param>
    /// <param name="content">What it says.</param>
    public static void WriteRapid(Span<byte> frame, MacAddress source, in BpduContent content)
    {
        WriteHeader(frame, source, BpduView.RapidLength, version: 2, type: 0x02);
        WriteContent(frame[BpduView.Start..], content, ~BpduFlags.None);
    }

    private static void WriteHeader(Span<byte> frame, MacAddress source, int length, byte version, byte type)
    {
        frame = frame[..FrameLength];
        frame.Clear();
        BpduView.BridgeGroup.CopyTo(frame);
        source.CopyTo(frame[MacAddress.Length..]);
        BinaryPrimitives.WriteUInt16BigEndian(frame[12..], (ushort)(length + 3));
        frame[14] = frame[15] = 0x42;
        frame[16] = 0x03;
        frame[BpduView.Start + 2] = version;
        frame[BpduView.Start + 3] = type;
    }

    private static void WriteContent(Span<byte> body, in BpduContent content, BpduFlags known)
    {
        body[4] = (byte)(content.Flags & known);
        BinaryPrimitives.WriteUInt64BigEndian(body[5..], content.RootId);
        BinaryPrimitives.WriteUInt32BigEndian(body[13..], content.RootPathCost);
        BinaryPrimitives.WriteUInt64BigEndian(body[17..], content.BridgeId);
        BinaryPrimitives.WriteUInt16BigEndian(body[25..], content.PortId);
        BinaryPrimitives.WriteUInt16BigEndian(body[27..], content.MessageAge);
        BinaryPrimitives.WriteUInt16BigEndian(body[29..], content.MaxAge);
        BinaryPrimitives.WriteUInt16BigEndian(body[31..], content.HelloTime);
        BinaryPrimitives.WriteUInt16BigEndian(body[33..], content.ForwardDelay);
    }
}
