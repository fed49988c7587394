using System.Buffers.Binary;
using System.Text;

namespace Fabric.Link.Capture.Decoding;

/// <summary>ICMP (RFC 792).</summary>
internal static class IcmpDecoder
{
    private static readonly string[] Unreachable =
    [
        "net", "host", "protocol", "port", "need to frag", "source route failed", "net unknown", "host unknown", "host isolated", "net prohibited", "host prohibited",
        "net for TOS", "host for TOS", "admin prohibited", "precedence violation", "precedence cutoff",
    ];

    internal static void V4(StringBuilder line, ReadOnlySpan<byte> message, int length)
    {
        line.Append("ICMP ");
        if (message.Length < 8)
        {
            line.Append("[|icmp], length ").Append(length);
            return;
        }

        int code = message[1];
        switch (message[0])
        {
            case 0 or 8:
                line.Append(message[0] == 8 ? "echo request" : "echo reply").Append($", id {BinaryPrimitives.ReadUInt16BigEndian(message[4..])}, seq {BinaryPrimitives.ReadUInt16BigEndian(message[6..])}");
                break;
            case 3:
                line.Append(code < Unreachable.Length ? Unreachable[code] : $"code {code}").Append(code == 4 ? $" (mtu {BinaryPrimitives.ReadUInt16BigEndian(message[6..])})" : " unreachable");
                About(line, message[8..]);
                break;
            case 5:
                line.Append("redirect to ").Append(LineText.Address(message.Slice(4, 4)));
                About(line, message[8..]);
                break;
            case 11:
                line.Append(code == 0 ? "time exceeded in-transit" : "reassembly time exceeded");
                About(line, message[8..]);
                break;
            case 12:
                line.Append("parameter problem at octet ").Append(message[4]);
                About(line, message[8..]);
                break;
            default:
                line.Append(message[0] switch { 9 => "router advertisement", 10 => "router solicitation", 13 => "time stamp request", 14 => "time stamp reply", byte type => $"type {type} code {code}" });
                break;
        }

        line.Append(", length ").Append(length);
    }

    /// <summary>Which packet an error is about.</summary>
    private static void About(StringBuilder line, ReadOnlySpan<byte> packet)
    {
        if (packet.Length < 20 || packet[0] >> 4 != 4)
            return;
        int header = (packet[0] & 0xF) * 4;
        line.Append($" for {LineText.Address(packet.Slice(12, 4))} > {LineText.Address(packet.Slice(16, 4))} {IpNames.Of(packet[9])}");
        if (packet[9] is 6 or 17 && header >= 20 && packet.Length >= header + 4)
            line.Append($" {BinaryPrimitives.ReadUInt16BigEndian(packet[header..])} > {BinaryPrimitives.ReadUInt16BigEndian(packet[(header + 2)..])}");
    }
}
