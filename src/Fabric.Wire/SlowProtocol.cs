using System.Buffers.Binary;

namespace Fabric.Wire;

/// <summary>Frames of the slow protocols (IEEE 802.3, annex 57A).</summary>
public static class SlowProtocol
{
    /// <summary>Bytes of a frame with a marker, without FCS (IEEE 802.1AX-2014, 6.5.3.3).</summary>
    public const int MarkerFrameLength = 14 + 110;

    private const int SubtypeOffset = 14;
    private const int MarkerOffset = 16;
    private const byte MarkerInformation = 1;
    private const byte MarkerResponse = 2;
    private const byte MarkerLength = 16;

    /// <summary>The address they are sent to, 01-80-C2-00-00-02 (57A.3).</summary>
    public static MacAddress Group => MacAddress.FromBits(0x0200_00C2_8001);

    /// <summary>Reads which slow protocol a frame belongs to.</summary>
    /// <param name="frame">From the destination address on; a part of the frame is enough.</param>
    /// <param name="subtype">The subtype, known or not.</param>
    /// <returns>False when the frame is of no slow protocol.</returns>
    public static bool TryRead(ReadOnlySpan<byte> frame, out SlowProtocolSubtype subtype)
    {
        bool isSlow = frame.Length > SubtypeOffset && BinaryPrimitives.ReadUInt16BigEndian(frame[12..]) == (ushort)EtherType.SlowProtocols;
        subtype = isSlow ? (SlowProtocolSubtype)frame[SubtypeOffset] : default;
        return isSlow;
    }

    /// <summary>Makes the response to a marker out of it: the same values, another type (IEEE 802.1AX-2014, 6.5.4.2).</summary>
    /// <param name="frame">A frame of the marker protocol; changed only where the answer is true.</param>
    /// <param name="source">Address of the sending port.</param>
    /// <returns>False when it is no marker, or malformed.</returns>
    public static bool TryRespond(Span<byte> frame, MacAddress source)
    {
        if (!IsMarker(frame, MarkerInformation))
            return false;
        Group.CopyTo(frame);
        source.CopyTo(frame[MacAddress.Length..]);
        frame[MarkerOffset] = MarkerResponse;
        return true;
    }

    /// <summary>Tells whether a frame is the response to a marker.</summary>
    /// <param name="frame">A frame of the marker protocol.</param>
    public static bool IsMarkerResponse(ReadOnlySpan<byte> frame) => IsMarker(frame, MarkerResponse);

    private static bool IsMarker(ReadOnlySpan<byte> frame, byte type) => frame.Length >= MarkerFrameLength
        && TryRead(frame, out SlowProtocolSubtype subtype) && subtype == SlowProtocolSubtype.Marker
        && frame[MarkerOffset] == type && frame[MarkerOffset + 1] == MarkerLength;
}
