using System.Buffers.Binary;

namespace Fabric.Wire;

/// <summary>An Ethernet II frame without FCS (IEEE 802.3, 3.1), with up to two VLAN tags (IEEE 802.1Q, 9.3).</summary>
/// <remarks><see cref="TryParse"/> checks once; then no accessor can fail. The view does not own its bytes. Where a guest can write
/// them meanwhile, parse a copy.</remarks>
public readonly ref struct EthernetView
{
    /// <summary>Bytes of the header without tags.</summary>
    public const int MinHeaderLength = 14;

    private const int TagLength = 4;
    private readonly ReadOnlySpan<byte> _frame;

    private EthernetView(ReadOnlySpan<byte> frame, int headerLength)
    {
        _frame = frame;
        HeaderLength = headerLength;
    }

    /// <summary>Where the frame goes.</summary>
    public MacAddress Destination => MacAddress.Read(_frame);

    /// <summary>Who sent it.</summary>
    public MacAddress Source => MacAddress.Read(_frame[MacAddress.Length..]);

    /// <summary>The outermost tag's control information: priority in the upper three bits, VLAN number in the lower twelve
    /// (IEEE 802.1Q, 9.6); 0 without tag.</summary>
    public ushort TagControl => HeaderLength == MinHeaderLength ? (ushort)0 : BinaryPrimitives.ReadUInt16BigEndian(_frame[MinHeaderLength..]);

    /// <summary>Bytes up to the payload, tags included: 14, 18 or 22.</summary>
    public int HeaderLength { get; }

    /// <summary>Protocol of the payload, behind the tags. Values below 1536 are an IEEE 802.3 length.</summary>
    public EtherType EtherType => TypeAt(_frame, HeaderLength - 2);

    /// <summary>The bytes after the header, padding included.</summary>
    public ReadOnlySpan<byte> Payload => _frame[HeaderLength..];

    /// <summary>Checks a frame.</summary>
    /// <param name="frame">The frame, or as much of its beginning as there is.</param>
    /// <param name="view">The view.</param>
    /// <returns>False when the header or a tag is cut off.</returns>
    public static bool TryParse(ReadOnlySpan<byte> frame, out EthernetView view)
    {
        int header = MinHeaderLength;
        for (int tags = 0; tags < 2 && header <= frame.Length; tags++)
        {
            if (TypeAt(frame, header - 2) is not (EtherType.CustomerVlan or EtherType.ServiceVlan))
                break;
            header += TagLength;
        }

        view = header <= frame.Length ? new EthernetView(frame, header) : default;
        return header <= frame.Length;
    }

    private static EtherType TypeAt(ReadOnlySpan<byte> frame, int offset) =>
        (EtherType)BinaryPrimitives.ReadUInt16BigEndian(frame[offset..]);
}
