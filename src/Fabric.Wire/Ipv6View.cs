using System.Buffers.Binary;

namespace Fabric.Wire;

/// <summary>An IPv6 packet (RFC 8200, 3) with its hop-by-hop, destination-options and fragment headers.</summary>
/// <remarks><see cref="TryParse"/> checks version, lengths and those extension headers once; then no accessor can fail. A routing header
/// counts as payload: behind one, the destination in the header need not be the one that checksums cover (RFC 8200, 8.1). The view does
/// not own its bytes.</remarks>
public readonly ref struct Ipv6View
{
    /// <summary>Bytes of the header without extensions.</summary>
    public const int MinHeaderLength = 40;

    /// <summary>Bytes of a fragment header (RFC 8200, 4.5).</summary>
    public const int FragmentHeaderLength = 8;

    private readonly ReadOnlySpan<byte> _packet;

    private Ipv6View(ReadOnlySpan<byte> packet, int headerLength, IpProtocol protocol, bool isFragment)
    {
        _packet = packet;
        HeaderLength = headerLength;
        Protocol = protocol;
        IsFragment = isFragment;
    }

    /// <summary>Bytes of the header with the extensions named above.</summary>
    public int HeaderLength { get; }

    /// <summary>Bytes of header, extensions and payload, without what may follow as Ethernet padding.</summary>
    public int TotalLength => _packet.Length;

    /// <summary>Protocol behind those extensions.</summary>
    public IpProtocol Protocol { get; }

    /// <summary>True when there is a fragment header. What follows it is not looked at.</summary>
    public bool IsFragment { get; }

    /// <summary>Byte position of the payload in that of the larger packet: a multiple of 8; 0 without fragment header.</summary>
    public int FragmentOffset => IsFragment ? BinaryPrimitives.ReadUInt16BigEndian(FragmentHeader[2..]) & 0xFFF8 : 0;

    /// <summary>True when further pieces follow this one.</summary>
    public bool MoreFragments => IsFragment && (FragmentHeader[3] & 1) != 0;

    /// <summary>Common to all pieces of one packet; 0 without fragment header.</summary>
    public uint Identification => IsFragment ? BinaryPrimitives.ReadUInt32BigEndian(FragmentHeader[4..]) : 0;

    /// <summary>DSCP and ECN (RFC 2474, RFC 3168).</summary>
    public byte TrafficClass => (byte)(BinaryPrimitives.ReadUInt16BigEndian(_packet) >> 4);

    /// <summary>Routers it may still pass.</summary>
    public byte HopLimit => _packet[7];

    /// <summary>Where it comes from.</summary>
    public IpAddress Source => IpAddress.ReadV6(_packet[8..]);

    /// <summary>Where it goes.</summary>
    public IpAddress Destination => IpAddress.ReadV6(_packet[24..]);

    /// <summary>Header, extensions and payload.</summary>
    public ReadOnlySpan<byte> Packet => _packet;

    /// <summary>Source and destination address, sixteen bytes each.</summary>
    public ReadOnlySpan<byte> Addresses => _packet.Slice(8, 32);

    /// <summary>The bytes after the extensions.</summary>
    public ReadOnlySpan<byte> Payload => _packet[HeaderLength..];

    // The loop below ends with the fragment header, so it is the last one in front of the payload.
    private ReadOnlySpan<byte> FragmentHeader => _packet[(HeaderLength - FragmentHeaderLength)..];

    /// <summary>Checks a packet.</summary>
    /// <param name="bytes">The packet; bytes after its length are ignored.</param>
    /// <param name="view">The view.</param>
    /// <returns>False when it is not IPv6, or it or an extension header is cut off.</returns>
    public static bool TryParse(ReadOnlySpan<byte> bytes, out Ipv6View view)
    {
        view = default;
        if (bytes.Length < MinHeaderLength || bytes[0] >> 4 != 6)
            return false;
        int total = MinHeaderLength + BinaryPrimitives.ReadUInt16BigEndian(bytes[4..]);
        if (total > bytes.Length)
            return false;
        bytes = bytes[..total];
        int header = MinHeaderLength;
        IpProtocol next = (IpProtocol)bytes[6];
        bool fragment = false;
        while (!fragment && next is (IpProtocol.HopByHop or IpProtocol.DestinationOptions or IpProtocol.Fragment))
        {
            if (header + 8 > total)
                return false;
            fragment = next == IpProtocol.Fragment;
            next = (IpProtocol)bytes[header];
            header += fragment ? FragmentHeaderLength : 8 + (bytes[header + 1] * 8);
            if (header > total)
                return false;
        }

        view = new Ipv6View(bytes, header, next, fragment);
        return true;
    }
}
