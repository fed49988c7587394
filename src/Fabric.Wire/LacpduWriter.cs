using System.Buffers.Binary;

namespace Fabric.Wire;

/// <summary>Writes LACPDUs of version 1 as Ethernet frames to the slow protocols' address (IEEE 802.1AX-2014, 6.4.2).</summary>
public static class LacpduWriter
{
    /// <summary>Writes a frame of <see cref="LacpduView.FrameLength"/> bytes.</summary>
    /// <param name="frame">At least so many bytes.</param>
    /// <param name="source">Address of the sending port.</param>
    /// <param name="actor">The sender.</param>
    /// <param name="partner">What it believes of the receiver.</param>
    /// <param name="collectorMaxDelay">Longest time that the sender's collector holds a frame, in tens of microseconds.</param>
    public static void Write(Span<byte> frame, MacAddress source, in LacpInformation actor, in LacpInformation partner, ushort collectorMaxDelay)
    {
        frame = frame[..LacpduView.FrameLength];
        frame.Clear();
        HeaderWriter.Ethernet(frame, SlowProtocol.Group, source, EtherType.SlowProtocols);
        Span<byte> body = frame[LacpduView.Start..];
        body[0] = (byte)SlowProtocolSubtype.Lacp;
        body[1] = 1;
        WriteInformation(body[LacpduView.Actor0..], LacpduView.ActorType, actor);
        WriteInformation(body[LacpduView.Partner0..], LacpduView.PartnerType, partner);
        body[LacpduView.Collector0] = LacpduView.CollectorType;
        body[LacpduView.Collector0 + 1] = LacpduView.CollectorLength;
        BinaryPrimitives.WriteUInt16BigEndian(body[(LacpduView.Collector0 + 2)..], collectorMaxDelay);
    }

    private static void WriteInformation(Span<byte> value, byte type, in LacpInformation information)
    {
        value[0] = type;
        value[1] = LacpduView.InformationLength;
        BinaryPrimitives.WriteUInt16BigEndian(value[2..], information.SystemPriority);
        information.System.CopyTo(value[4..]);
        BinaryPrimitives.WriteUInt16BigEndian(value[10..], information.Key);
        BinaryPrimitives.WriteUInt16BigEndian(value[12..], information.PortPriority);
        BinaryPrimitives.WriteUInt16BigEndian(value[14..], information.Port);
        value[16] = (byte)information.State;
    }
}
