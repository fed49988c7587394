using System.Buffers.Binary;
using System.Net;
using Fabric.TestKit.Wire;

namespace Fabric.Link.Tests.Capture;

/// <summary>All sorts of frames, put together octet by octet from few addresses and ports so that filters find some: VLANs, IPv6
/// extension headers, fragments, LLC, ARP, ICMP. Valid as long as nothing is asked to be cut or damaged.</summary>
internal sealed class TrafficMix(Random random)
{
    private static readonly string[] V4 = ["10.0.0.1", "10.0.0.2", "10.1.2.3", "192.168.1.1", "224.0.0.9", "255.255.255.255", "172.16.5.4"];
    private static readonly string[] V6 = ["fe80::1", "fe80::2", "2001:db8::1", "2001:db8:1::5", "ff02::1", "ff02::fb"];
    private static readonly int[] Ports = [22, 53, 80, 443, 67, 68, 123, 520, 4789, 5000, 6000, 6005, 40000, 65535];

    /// <summary>Only ports whose payload no reader takes for a protocol of its own: random bytes are malformed as any.</summary>
    public bool IsQuiet { get; init; }

    /// <summary>A frame, now and then cut or damaged.</summary>
    public SampleFrame Any()
    {
        byte[] bytes = Valid();
        int length = bytes.Length;
        if (random.Next(5) == 0)
            bytes = bytes[..random.Next(bytes.Length + 1)];
        if (random.Next(8) == 0)
        {
            for (int i = random.Next(4); i >= 0 && bytes.Length > 0; i--)
                bytes[random.Next(Math.Min(bytes.Length, 80))] = (byte)random.Next(256);
        }

        return new SampleFrame(bytes, Math.Max(length, 1));
    }

    /// <summary>A frame with nothing wrong in it, checksums included.</summary>
    public byte[] Valid()
    {
        (int type, byte[] payload) = random.Next(14) switch
        {
            0 => (0x0806, Arp()),
            3 when !IsQuiet => (0, [0xFE, 0xFE, 3, 0x83, .. Random(20)]),
            1 or 3 => (0, Bpdu()),
            2 => (0x8035, Arp()),
            4 => (0x88CC, [2, 7, 4, 2, 0, 0, 0, 0, 1, 4, 3, 5, (byte)'e', (byte)'1', 6, 2, 0, 120, 0, 0]),
            <= 9 => (0x0800, Ipv4()),
            _ => (0x86DD, Ipv6()),
        };
        List<byte> frame = [.. Destination(), .. Station()];
        for (int tags = random.Next(4) == 0 ? random.Next(1, 3) : 0; tags > 0; tags--)
            frame.AddRange([.. Word(tags == 2 ? 0x88A8 : 0x8100), .. Word((random.Next(8) << 13) | (random.Next(3) * 100))]);
        frame.AddRange([.. Word(type == 0 ? payload.Length : type), .. payload]);
        while (frame.Count < 60)
            frame.Add(0);
        return [.. frame];
    }

    private byte[] Station() => [0x02, 0, 0, 0, 0, (byte)random.Next(1, 4)];

    private byte[] Destination() => random.Next(6) switch
    {
        0 => [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF],
        1 => [0x01, 0x00, 0x5E, 0, 0, 9],
        _ => Station(),
    };

    private byte[] Arp() =>
    [
        0, 1, 8, 0, 6, 4, 0, (byte)random.Next(1, 3), .. Station(), .. Pick4(), .. Station(), .. Pick4(),
    ];

    private byte[] Bpdu() => random.Next(2) == 0
        ? [0x42, 0x42, 3, 0, 0, 0, 0, 0, 0x80, 0, .. Station(), 0, 0, 0, 4, 0x80, 0, .. Station(), 0x80, 1, 0, 0, 20, 0, 2, 0, 15, 0]
        : [0x42, 0x42, 3, 0, 0, 2, 2, 0x3C, 0x80, 0, .. Station(), 0, 0, 0, 4, 0x80, 0, .. Station(), 0x80, 1, 0, 0, 20, 0, 2, 0, 15, 0, 0];

    private byte[] Ipv4()
    {
        byte[] source = Pick4();
        byte[] destination = Pick4();
        (int protocol, byte[] payload) = Transport(source, destination, isV6: false);
        int options = random.Next(5) == 0 ? 4 * random.Next(1, 4) : 0;
        int fragment = random.Next(6) == 0 ? random.Next(3) switch { 0 => 0x2000, 1 => 0x2000 | random.Next(1, 100), _ => random.Next(1, 100) } : random.Next(2) * 0x4000;
        byte[] header =
        [
            (byte)(0x45 + (options / 4)), (byte)(random.Next(3) * 4), .. Word(20 + options + payload.Length), .. Word(random.Next(65536)), .. Word(fragment),
            (byte)random.Next(1, 65), (byte)protocol, 0, 0, .. source, .. destination, .. Enumerable.Repeat((byte)1, options),
        ];
        BinaryPrimitives.WriteUInt16BigEndian(header.AsSpan(10), (ushort)(0xFFFF - SlowChecksum.Sum(header)));
        return [.. header, .. payload];
    }

    private byte[] Ipv6()
    {
        byte[] source = IPAddress.Parse(V6[random.Next(4)]).GetAddressBytes();
        byte[] destination = IPAddress.Parse(V6[random.Next(V6.Length)]).GetAddressBytes();
        (int protocol, byte[] payload) = Transport(source, destination, isV6: true);
        switch (random.Next(7))
        {
            case 0:
                (protocol, payload) = (0, [(byte)protocol, 0, 1, 4, 0, 0, 0, 0, .. payload]);
                break;
            case 1:
                (protocol, payload) = (44, [(byte)protocol, 0, .. Word(random.Next(2) == 0 ? 1 : random.Next(1, 50) << 3), .. Random(4), .. payload]);
                break;
            case 2:
                (protocol, payload) = (60, [(byte)protocol, 0, 1, 4, 0, 0, 0, 0, .. payload]);
                break;
        }

        return [0x60, 0, 0, 0, .. Word(payload.Length), (byte)protocol, (byte)random.Next(1, 256), .. source, .. destination, .. payload];
    }

    private (int Protocol, byte[] Payload) Transport(byte[] source, byte[] destination, bool isV6)
    {
        byte[] body = Random(random.Next(4) switch { 0 => 0, 1 => 700, _ => random.Next(1, 60) });
        (int protocol, int field, byte[] payload) = random.Next(9) switch
        {
            <= 2 => (6, 16, Tcp(body)),
            <= 5 => (17, 6, Udp(body)),
            6 => isV6 ? (58, 2, Icmp6(body)) : (1, 2, [random.Next(2) == 0 ? (byte)8 : (byte)0, 0, 0, 0, .. Word(7), .. Word(random.Next(5)), .. body]),
            7 => isV6 ? (58, 2, Icmp6(body)) : (2, 2, (byte[])[0x16, 0, 0, 0, 224, 0, 0, 9]),
            _ => (132, -1, [.. Word(Port()), .. Word(Port()), 0, 0, 0, 1, 0, 0, 0, 0, 11, 0, 0, 4]),
        };
        if (field >= 0)
            Complete(payload, field, protocol, source, destination, hasPseudoHeader: protocol is not (1 or 2));
        return (protocol, payload);
    }

    private static void Complete(byte[] payload, int field, int protocol, byte[] source, byte[] destination, bool hasPseudoHeader)
    {
        int sum = hasPseudoHeader
            ? SlowChecksum.Sum(source, destination, [0, 0, .. Word(payload.Length)], [0, (byte)protocol], payload)
            : SlowChecksum.Sum(payload);
        BinaryPrimitives.WriteUInt16BigEndian(payload.AsSpan(field), (ushort)(sum == 0xFFFF && protocol == 17 ? 0xFFFF : 0xFFFF - sum));
    }

    private byte[] Tcp(byte[] body)
    {
        byte[] options = random.Next(2) == 0 ? [] : [2, 4, 5, 180, 1, 3, 3, 7, 4, 2, 1, 1];
        byte[] flags = [2, 0x12, 0x10, 0x18, 0x11, 4, 0xC2];
        return
        [
            .. Word(Port()), .. Word(Port()), .. Random(8), (byte)((5 + (options.Length / 4)) << 4), flags[random.Next(flags.Length)], .. Word(random.Next(65536)),
            0, 0, 0, 0, .. options, .. body,
        ];
    }

    private byte[] Udp(byte[] body) => [.. Word(Port()), .. Word(Port()), .. Word(8 + body.Length), 0, 0, .. body];

    private byte[] Icmp6(byte[] body) => random.Next(2) == 0
        ? [128, 0, 0, 0, .. Word(7), .. Word(1), .. body]
        : [135, 0, 0, 0, 0, 0, 0, 0, .. IPAddress.Parse(V6[random.Next(4)]).GetAddressBytes(), 1, 1, .. Station()];

    private int Port() => IsQuiet ? random.Next(40000, 40010) : Ports[random.Next(Ports.Length)];

    private byte[] Pick4() => IPAddress.Parse(V4[random.Next(V4.Length)]).GetAddressBytes();

    private byte[] Random(int length)
    {
        byte[] bytes = new byte[length];
        random.NextBytes(bytes);
        return bytes;
    }

    private static byte[] Word(int value) => [(byte)(value >> 8), (byte)value];
}
