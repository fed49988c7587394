using System.Buffers.Binary;

namespace Fabric.Wire;

/// <summary>A bridge protocol data unit in its Ethernet frame: LLC with both SAPs 42 and control 03 (IEEE 802.1D-2004, 7.12.3 and 9.3).</summary>
/// <remarks><see cref="TryParse"/> checks lengths, protocol, type and version once, as 9.3.4 asks; then no accessor can fail. In a
/// topology change notification every accessor but <see cref="Kind"/> gives zero. The destination address is not looked at. The view
/// does not own its bytes.</remarks>
public readonly ref struct BpduView
{
    /// <summary>Octets of a notification's BPDU.</summary>
    public const int TopologyChangeLength = 4;

    /// <summary>Octets of a configuration BPDU.</summary>
    public const int ConfigurationLength = 35;

    /// <summary>Octets of a rapid spanning tree BPDU.</summary>
    public const int RapidLength = 36;

    /// <summary>Octets in the frame before the BPDU: addresses, length and LLC.</summary>
    internal const int Start = 17;

    /// <summary>The flags a configuration BPDU has.</summary>
    internal const BpduFlags InConfiguration = BpduFlags.TopologyChange | BpduFlags.TopologyChangeAcknowledgment;

    private const int LlcLength = 3;
    private const byte RapidVersion = 2;
    private readonly ReadOnlySpan<byte> _body;

    private BpduView(BpduKind kind, ReadOnlySpan<byte> body)
    {
        Kind = kind;
        _body = body;
    }

    /// <summary>The address all BPDUs are sent to, 01-80-C2-00-00-00 (7.12.3).</summary>
    public static MacAddress BridgeGroup => MacAddress.FromBits(0x0000_00C2_8001);

    /// <summary>What it is.</summary>
    public BpduKind Kind { get; }

    /// <summary>Its flags, the port role among them; of a configuration BPDU the two that are defined there.</summary>
    public BpduFlags Flags => (BpduFlags)Octet(4) & (Kind == BpduKind.Rapid ? ~BpduFlags.None : InConfiguration);

    /// <summary>Identifier of the root bridge: priority in the highest 16 bits, address below.</summary>
    public ulong RootId => Identifier(5);

    /// <summary>Cost of the sender's path to the root.</summary>
    public uint RootPathCost => _body.IsEmpty ? 0 : BinaryPrimitives.ReadUInt32BigEndian(_body[13..]);

    /// <summary>Identifier of the sender.</summary>
    public ulong BridgeId => Identifier(17);

    /// <summary>Identifier of the sender's port: priority in the highest 4 bits, number below.</summary>
    public ushort PortId => Short(25);

    /// <summary>Age of the information, in 1/256 s.</summary>
    public ushort MessageAge => Short(27);

    /// <summary>Age at which the information is to be dropped, in 1/256 s.</summary>
    public ushort MaxAge => Short(29);

    /// <summary>Time between two BPDUs of a designated port, in 1/256 s.</summary>
    public ushort HelloTime => Short(31);

    /// <summary>Time a port spends in each of the states before Forwarding, in 1/256 s.</summary>
    public ushort ForwardDelay => Short(33);

    /// <summary>Checks a frame.</summary>
    /// <param name="frame">From the destination address on, without FCS; padding is ignored.</param>
    /// <param name="view">The view.</param>
    /// <returns>False when it is no BPDU that a bridge may look at (9.3.4): a length contradicts another or the bytes there are, another
    /// protocol, an unknown type, or a configuration BPDU that is as old as it may get.</returns>
    public static bool TryParse(ReadOnlySpan<byte> frame, out BpduView view)
    {
        view = default;
        if (frame.Length < Start + TopologyChangeLength)
            return false;
        int length = BinaryPrimitives.ReadUInt16BigEndian(frame[12..]);
        if (length < LlcLength + TopologyChangeLength || length > frame.Length - Start + LlcLength)
            return false;
        if (frame[14] != 0x42 || frame[15] != 0x42 || frame[16] != 0x03)
            return false;
        return TryParseBody(frame.Slice(Start, length - LlcLength), out view);
    }

    private static bool TryParseBody(ReadOnlySpan<byte> body, out BpduView view)
    {
        view = default;
        if (BinaryPrimitives.ReadUInt16BigEndian(body) != 0)
            return false;
        switch (body[3])
        {
            case 0x80:
                view = new BpduView(BpduKind.TopologyChange, default);
                return true;
            case 0x00 when body.Length >= ConfigurationLength && Age(body, 27) < Age(body, 29):
                view = new BpduView(BpduKind.Configuration, body[..ConfigurationLength]);
                return true;
            case 0x02 when body.Length >= RapidLength && body[2] >= RapidVersion:
                view = new BpduView(BpduKind.Rapid, body[..RapidLength]);
                return true;
            default:
                return false;
        }
    }

    private static ushort Age(ReadOnlySpan<byte> body, int offset) => BinaryPrimitives.ReadUInt16BigEndian(body[offset..]);

    private byte Octet(int offset) => _body.IsEmpty ? (byte)0 : _body[offset];

    private ushort Short(int offset) => _body.IsEmpty ? (ushort)0 : BinaryPrimitives.ReadUInt16BigEndian(_body[offset..]);

    private ulong Identifier(int offset) => _body.IsEmpty ? 0 : BinaryPrimitives.ReadUInt64BigEndian(_body[offset..]);
}
