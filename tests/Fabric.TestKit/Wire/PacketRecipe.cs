namespace Fabric.TestKit.Wire;

/// <summary>A TCP or UDP packet in Ethernet, put together octet by octet, independent of the code under test.</summary>
/// <remarks>The transport checksum holds what a guest with checksum offload leaves there: the pseudo-header sum.</remarks>
public sealed record PacketRecipe
{
    public bool V6 { get; init; }

    public bool Udp { get; init; }

    /// <summary>VLAN tags, outermost first.</summary>
    public int[] Vlans { get; init; } = [];

    /// <summary>IPv4 options (a multiple of 4) or a whole IPv6 hop-by-hop header (a multiple of 8), without its first octet's meaning.</summary>
    public int NetworkOptions { get; init; }

    /// <summary>Bytes of TCP options, a multiple of 4.</summary>
    public int TcpOptions { get; init; }

    public byte[] Payload { get; init; } = [];

    public byte TcpFlags { get; init; } = 0x10;

    public uint Sequence { get; init; } = 0xFFFF_FF00;

    public ushort Identification { get; init; } = 0xFFFE;

    public int EthernetLength => 14 + (4 * Vlans.Length);

    public int NetworkLength => (V6 ? 40 : 20) + NetworkOptions;

    public int TransportLength => Udp ? 8 : 20 + TcpOptions;

    public int TransportStart => EthernetLength + NetworkLength;

    public int HeaderLength => TransportStart + TransportLength;

    public byte[] Build()
    {
        byte[] transport = [.. Udp ? UdpHeader() : TcpHeader(), .. Payload];
        byte[] addresses = V6
            ? [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2]
            : [192, 0, 2, 1, 192, 0, 2, 2];
        byte protocol = (byte)(Udp ? 17 : 6);
        int pseudo = SlowChecksum.Sum(addresses, [0, 0, (byte)(transport.Length >> 8), (byte)transport.Length], [0, protocol]);
        int field = Udp ? 6 : 16;
        transport[field] = (byte)(pseudo >> 8);
        transport[field + 1] = (byte)pseudo;
        byte[] network = V6 ? NetworkV6(addresses, protocol, transport.Length) : NetworkV4(addresses, protocol, transport.Length);
        return [.. Ethernet(), .. network, .. transport];
    }

    private byte[] Ethernet()
    {
        List<byte> header = [2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1];
        for (int i = 0; i < Vlans.Length; i++)
            header.AddRange([(byte)(i + 1 < Vlans.Length ? 0x88 : 0x81), (byte)(i + 1 < Vlans.Length ? 0xa8 : 0x00), (byte)(Vlans[i] >> 8), (byte)Vlans[i]]);
        header.AddRange(V6 ? [0x86, 0xdd] : [0x08, 0x00]);
        return [.. header];
    }

    private byte[] NetworkV4(byte[] addresses, byte protocol, int payload)
    {
        int total = NetworkLength + payload;
        byte[] header =
        [
            (byte)(0x40 | (NetworkLength / 4)), 0, (byte)(total >> 8), (byte)total, (byte)(Identification >> 8), (byte)Identification,
            0x40, 0, 64, protocol, 0, 0, .. addresses, .. Enumerable.Repeat((byte)1, NetworkOptions),
        ];
        int sum = 0xFFFF - SlowChecksum.Sum(header);
        header[10] = (byte)(sum >> 8);
        header[11] = (byte)sum;
        return header;
    }

    private byte[] NetworkV6(byte[] addresses, byte protocol, int payload)
    {
        int length = NetworkOptions + payload;
        byte next = NetworkOptions == 0 ? protocol : (byte)0;
        byte[] options = NetworkOptions == 0
            ? []
            : [protocol, (byte)((NetworkOptions / 8) - 1), 1, (byte)(NetworkOptions - 4), .. new byte[NetworkOptions - 4]];
        return [0x60, 0, 0, 0, (byte)(length >> 8), (byte)length, next, 64, .. addresses, .. options];
    }

    private byte[] TcpHeader() =>
    [
        0x12, 0x34, 0, 80, (byte)(Sequence >> 24), (byte)(Sequence >> 16), (byte)(Sequence >> 8), (byte)Sequence, 0, 0, 0, 9,
        (byte)(TransportLength / 4 << 4), TcpFlags, 1, 0, 0, 0, 0, 0, .. Enumerable.Repeat((byte)1, TcpOptions),
    ];

    private byte[] UdpHeader()
    {
        int length = 8 + Payload.Length;
        return [0x12, 0x34, 0, 53, (byte)(length >> 8), (byte)length, 0, 0];
    }
}
