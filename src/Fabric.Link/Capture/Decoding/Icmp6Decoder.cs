using System.Buffers.Binary;
using System.Text;
using Fabric.Wire;

namespace Fabric.Link.Capture.Decoding;

/// <summary>ICMPv6 (RFC 4443), Neighbor Discovery (RFC 4861) and Multicast Listener Discovery (RFC 3810).</summary>
internal static class Icmp6Decoder
{
    private const int MaxGroups = 4;

    private static readonly string[] Unreachable =
    [
        "no route", "admin prohibited", "beyond scope", "address unreachable", "port unreachable", "source address failed policy", "route rejected", "bad source route",
    ];

    internal static void Describe(StringBuilder line, ReadOnlySpan<byte> message, int length)
    {
        line.Append("ICMP6 ");
        if (message.Length < 8)
        {
            line.Append("[|icmp6], length ").Append(length);
            return;
        }

        int code = message[1];
        switch (message[0])
        {
            case 1:
                line.Append("unreachable, ").Append(code < Unreachable.Length ? Unreachable[code] : $"code {code}");
                About(line, message[8..]);
                break;
            case 2:
                line.Append("packet too big, mtu ").Append(BinaryPrimitives.ReadUInt32BigEndian(message[4..]));
                About(line, message[8..]);
                break;
            case 3:
                line.Append(code == 0 ? "time exceeded in-transit" : "reassembly time exceeded");
                About(line, message[8..]);
                break;
            case 4:
                line.Append("parameter problem at octet ").Append(BinaryPrimitives.ReadUInt32BigEndian(message[4..]));
                break;
            case 128 or 129:
                line.Append(message[0] == 128 ? "echo request" : "echo reply").Append($", id {BinaryPrimitives.ReadUInt16BigEndian(message[4..])}, seq {BinaryPrimitives.ReadUInt16BigEndian(message[6..])}");
                break;
            case >= 133 and <= 137:
                Neighbor(line, message);
                break;
            default:
                Multicast(line, message);
                break;
        }

        line.Append(", length ").Append(length);
    }

    private static void Neighbor(StringBuilder line, ReadOnlySpan<byte> message)
    {
        int flags = message[4];
        int options = message[0] switch { 133 => 8, 134 => 16, 137 => 40, _ => 24 };
        if (message.Length < options)
        {
            line.Append("[|nd]");
            return;
        }

        switch (message[0])
        {
            case 133:
                line.Append("router solicitation");
                break;
            case 134:
                line.Append($"router advertisement, hop limit {message[4]}, flags [").AppendFlags(message[5] >> 6, "other", "managed");
                line.Append("], lifetime ").Append(BinaryPrimitives.ReadUInt16BigEndian(message[6..])).Append('s');
                break;
            case 135:
                line.Append("neighbor solicitation, who has ").Append(LineText.Address(message.Slice(8, 16)));
                break;
            case 136:
                line.Append("neighbor advertisement, tgt is ").Append(LineText.Address(message.Slice(8, 16))).Append(", flags [").AppendFlags(flags >> 5, "override", "solicited", "router").Append(']');
                break;
            default:
                line.Append($"redirect, {LineText.Address(message.Slice(24, 16))} to {LineText.Address(message.Slice(8, 16))}");
                break;
        }

        Options(line, message[options..]);
    }

    private static void Options(StringBuilder line, ReadOnlySpan<byte> options)
    {
        while (options.Length >= 8)
        {
            int size = options[1] * 8;
            if (size == 0 || size > options.Length)
                return;
            switch (options[0])
            {
                case 1 or 2:
                    line.Append(options[0] == 1 ? ", source " : ", link address ").Append(MacAddress.Read(options[2..]));
                    break;
                case 3 when size >= 32:
                    line.Append($", prefix {LineText.Address(options.Slice(16, 16))}/{options[2]}");
                    break;
                case 5:
                    line.Append(", mtu ").Append(BinaryPrimitives.ReadUInt32BigEndian(options[4..]));
                    break;
            }

            options = options[size..];
        }
    }

    private static void Multicast(StringBuilder line, ReadOnlySpan<byte> message)
    {
        switch (message[0])
        {
            case >= 130 and <= 132 when message.Length >= 24:
                line.Append(message[0] switch { 130 => message.Length >= 28 ? "multicast query v2 " : "multicast query ", 131 => "multicast report ", _ => "multicast done " });
                line.Append(LineText.Address(message.Slice(8, 16)));
                break;
            case 143:
                line.Append("multicast report v2, ").Append(BinaryPrimitives.ReadUInt16BigEndian(message[6..])).Append(" records");
                Records(line, message[8..]);
                break;
            default:
                line.Append($"type {message[0]} code {message[1]}");
                break;
        }
    }

    private static void Records(StringBuilder line, ReadOnlySpan<byte> records)
    {
        for (int i = 0; i < MaxGroups && records.Length >= 20; i++)
        {
            line.Append($" [{LineText.Address(records.Slice(4, 16))} {IgmpDecoder.RecordType(records[0])}]");
            int size = 20 + (BinaryPrimitives.ReadUInt16BigEndian(records[2..]) * 16) + (records[1] * 4);
            records = records[Math.Min(size, records.Length)..];
        }
    }

    private static void About(StringBuilder line, ReadOnlySpan<byte> packet)
    {
        if (packet.Length >= 40 && packet[0] >> 4 == 6)
            line.Append($" for {LineText.Address(packet.Slice(8, 16))} > {LineText.Address(packet.Slice(24, 16))} {IpNames.Of(packet[6])}");
    }
}
