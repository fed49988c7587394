using System.Buffers.Binary;

namespace Fabric.Wire;

/// <summary>An IPv4 packet (RFC 791, 3.1).</summary>
/// <remarks><see cref="TryParse"/> checks version and lengths once; then no accessor can fail. The header checksum is not checked.
/// The view does not own its bytes.</remarks>
public readonly ref struct Ipv4View
{
    /// <summary>Bytes of a header without options.</summary>
    public const int MinHeaderLength = 20;

    private readonly ReadOnlySpan<byte> _packet;

    private Ipv4View(ReadOnlySpan<byte> packet, int headerLength)
    {
        _packet = packet;
        HeaderLength = headerLength;
    }

    /// <summary>Bytes of the header with its options: 20 … 60.</summary>
    public int HeaderLength { get; }

    /// <summary>Bytes of header and payload, without what may follow as Ethernet padding.</summary>
    public int TotalLength => _packet.Length;

    /// <summary>Protocol of the payload.</summary>
    public IpProtocol Protocol => (IpProtocol)_packet[9];

    /// <summary>True for a piece of a larger packet: More Fragments set, or not the first piece.</summary>
    public bool IsFragment => (BinaryPrimitives.ReadUInt16BigEndian(_packet[6..]) & 0x3FFF) != 0;

    /// <summary>Byte position of the payload in that of the larger packet: a multiple of 8, 0 … 65,528.</summary>
    public int FragmentOffset => (BinaryPrimitives.ReadUInt16BigEndian(_packet[6..]) & 0x1FFF) * 8;

    /// <summary>MF: further pieces follow this one.</summary>
    public bool MoreFragments => (_packet[6] & 0x20) != 0;

    /// <summary>DF: the packet must not be cut into pieces.</summary>
    public bool DontFragment => (_packet[6] & 0x40) != 0;

    /// <summary>Common to all pieces of one packet.</summary>
    public ushort Identification => BinaryPrimitives.ReadUInt16BigEndian(_packet[4..]);

    /// <summary>DSCP and ECN (RFC 2474, RFC 3168).</summary>
    public byte TrafficClass => _packet[1];

    /// <summary>Routers it may still pass.</summary>
    public byte TimeToLive => _packet[8];

    /// <summary>Where it comes from.</summary>
    public IpAddress Source => IpAddress.ReadV4(_packet[12..]);

    /// <summary>Where it goes.</summary>
    public IpAddress Destination => IpAddress.ReadV4(_packet[16..]);

    /// <summary>True when the header's checksum is right.</summary>
    public bool IsChecksumValid => InternetChecksum.Finish(InternetChecksum.Add(0, _packet[..HeaderLength])) == 0;

    /// <summary>Header and payload.</summary>
    public ReadOnlySpan<byte> Packet => _packet;

    /// <summary>Source and destination address, four bytes each.</summary>
    public ReadOnlySpan<byte> Addresses => _packet.Slice(12, 8);

    /// <summary>The bytes after the header.</summary>
    public ReadOnlySpan<byte> Payload => _packet[HeaderLength..];

    /// <summary>Checks a packet.</summary>
    /// <param name="bytes">The packet; bytes after its total length are ignored.</param>
    /// <param name="view">The view.</param>
    /// <returns>False when it is not IPv4, or a length contradicts another or the bytes there are.</returns>
    public static bool TryParse(ReadOnlySpan<byte> bytes, out Ipv4View view)
    {
        view = default;
        if (bytes.Length < MinHeaderLength || bytes[0] >> 4 != 4)
            return false;
        int header = (bytes[0] & 0xF) * 4;
        int total = BinaryPrimitives.ReadUInt16BigEndian(bytes[2..]);
        if (header < MinHeaderLength || header > total || total > bytes.Length)
            return false;
        view = new Ipv4View(bytes[..total], header);
        return true;
    }
}
