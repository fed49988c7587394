using System.Buffers.Binary;

namespace Fabric.Wire;

/// <summary>A LACPDU in its Ethernet frame (IEEE 802.1AX-2014, 6.4.2).</summary>
/// <remarks><see cref="TryParse"/> checks the length and the places of the values once; then no accessor can fail. As 6.4.2.3 asks, any
/// version is taken, and what a later one has behind the values of version 1 is not looked at, nor is anything that is reserved. The view
/// does not own its bytes.</remarks>
public readonly ref struct LacpduView
{
    /// <summary>Bytes of a frame with a LACPDU, without FCS.</summary>
    public const int FrameLength = Start + 110;

    internal const int Start = 14;
    internal const byte ActorType = 1;
    internal const byte PartnerType = 2;
    internal const byte CollectorType = 3;
    internal const byte InformationLength = 20;
    internal const byte CollectorLength = 16;
    internal const int Actor0 = 2;
    internal const int Partner0 = 22;
    internal const int Collector0 = 42;

    private readonly ReadOnlySpan<byte> _body;

    private LacpduView(ReadOnlySpan<byte> body) => _body = body;

    /// <summary>The sender's version.</summary>
    public byte Version => _body[1];

    /// <summary>What the sender says of itself.</summary>
    public LacpInformation Actor => Information(Actor0);

    /// <summary>What the sender believes of the receiver.</summary>
    public LacpInformation Partner => Information(Partner0);

    /// <summary>Longest time that the sender's collector holds a frame, in tens of microseconds.</summary>
    public ushort CollectorMaxDelay => BinaryPrimitives.ReadUInt16BigEndian(_body[(Collector0 + 2)..]);

    /// <summary>Checks a frame.</summary>
    /// <param name="frame">From the destination address on, without FCS. The destination is not looked at.</param>
    /// <param name="view">The view.</param>
    /// <returns>False when it is no LACPDU, is too short, or has a value of another type or length where one of version 1 belongs.</returns>
    public static bool TryParse(ReadOnlySpan<byte> frame, out LacpduView view)
    {
        view = default;
        if (frame.Length < FrameLength || !SlowProtocol.TryRead(frame, out SlowProtocolSubtype subtype) || subtype != SlowProtocolSubtype.Lacp)
            return false;
        ReadOnlySpan<byte> body = frame[Start..FrameLength];
        bool placed = HasValue(body, Actor0, ActorType, InformationLength)
            && HasValue(body, Partner0, PartnerType, InformationLength)
            && HasValue(body, Collector0, CollectorType, CollectorLength);
        if (!placed || body[1] == 0)
            return false;
        view = new LacpduView(body);
        return true;
    }

    private static bool HasValue(ReadOnlySpan<byte> body, int at, byte type, byte length) => body[at] == type && body[at + 1] == length;

    private LacpInformation Information(int at)
    {
        ReadOnlySpan<byte> value = _body.Slice(at + 2, InformationLength - 2);
        return new LacpInformation(
            BinaryPrimitives.ReadUInt16BigEndian(value),
            MacAddress.Read(value[2..]),
            BinaryPrimitives.ReadUInt16BigEndian(value[8..]),
            BinaryPrimitives.ReadUInt16BigEndian(value[10..]),
            BinaryPrimitives.ReadUInt16BigEndian(value[12..]),
            (LacpState)value[14]);
    }
}
