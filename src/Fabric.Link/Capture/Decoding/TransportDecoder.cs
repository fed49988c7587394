using System.Buffers.Binary;
using System.Text;

namespace Fabric.Link.Capture.Decoding;

/// <summary>What stands behind an IP header: TCP (RFC 9293), UDP (RFC 768), SCTP (RFC 9260) and the rest by name.</summary>
internal static class TransportDecoder
{
    internal static void Describe(StringBuilder line, in IpEnds ends, byte protocol, ReadOnlySpan<byte> payload, int length, int depth)
    {
        switch (protocol)
        {
            case 6:
                Tcp(line, in ends, payload, length);
                return;
            case 17:
                Udp(line, in ends, payload, length, depth);
                return;
            case 132 when payload.Length >= 4:
                Ports(line, in ends, payload).Append("SCTP").Append(payload.Length > 12 ? $" chunk {payload[12]}" : "").Append(", length ").Append(length);
                return;
        }

        line.Append(ends.Source).Append(" > ").Append(ends.Destination).Append(": ");
        switch (protocol)
        {
            case 1 when !ends.IsV6:
                IcmpDecoder.V4(line, payload, length);
                break;
            case 58 when ends.IsV6:
                Icmp6Decoder.Describe(line, payload, length);
                break;
            case 2 when !ends.IsV6:
                IgmpDecoder.Describe(line, payload, length);
                break;
            case 4:
                IpDecoder.V4(line.Append("IPIP "), payload, length, depth);
                break;
            default:
                line.Append(IpNames.Of(protocol)).Append(", length ").Append(length);
                break;
        }
    }

    private static StringBuilder Ports(StringBuilder line, in IpEnds ends, ReadOnlySpan<byte> payload) => line
        .Append(ends.Source).Append('.').Append(BinaryPrimitives.ReadUInt16BigEndian(payload)).Append(" > ")
        .Append(ends.Destination).Append('.').Append(BinaryPrimitives.ReadUInt16BigEndian(payload[2..])).Append(": ");

    private static void Tcp(StringBuilder line, in IpEnds ends, ReadOnlySpan<byte> segment, int length)
    {
        if (segment.Length < 20)
        {
            line.Append($"{ends.Source} > {ends.Destination}: [|tcp], length ").Append(length);
            return;
        }

        Ports(line, in ends, segment);
        int header = (segment[12] >> 4) * 4;
        if (header < 20 || header > length)
        {
            line.Append($"TCP bad header length {header}, length ").Append(length);
            return;
        }

        int data = length - header;
        uint sequence = BinaryPrimitives.ReadUInt32BigEndian(segment[4..]);
        byte flags = segment[13];
        line.Append("Flags [").Append(FlagLetters(flags)).Append(']');
        // A bare acknowledgement has nothing to number.
        if (data > 0 || (flags & 7) != 0)
            line.Append(", seq ").Append(sequence);
        if (data > 0)
            line.Append(':').Append(unchecked(sequence + (uint)data));
        if ((flags & 0x10) != 0)
            line.Append(", ack ").Append(BinaryPrimitives.ReadUInt32BigEndian(segment[8..]));
        line.Append(", win ").Append(BinaryPrimitives.ReadUInt16BigEndian(segment[14..]));
        if ((flags & 0x20) != 0)
            line.Append(", urg ").Append(BinaryPrimitives.ReadUInt16BigEndian(segment[18..]));
        if (header > 20)
            TcpOptions(line, segment[20..Math.Min(header, segment.Length)]);
        line.Append(", length ").Append(data);
        Http(line, segment[Math.Min(header, segment.Length)..]);
    }

    private static string FlagLetters(byte flags)
    {
        const string Letters = "FSRP.UEW";
        Span<char> letters = stackalloc char[8];
        int count = 0;
        for (int i = 0; i < 8; i++)
        {
            if (i != 4 && (flags & (1 << i)) != 0)
                letters[count++] = Letters[i];
        }

        if ((flags & 0x10) != 0)
            letters[count++] = '.';
        return count == 0 ? "none" : new string(letters[..count]);
    }

    private static void TcpOptions(StringBuilder line, ReadOnlySpan<byte> options)
    {
        line.Append(", options [");
        for (bool isFirst = true; !options.IsEmpty; isFirst = false)
        {
            line.Append(isFirst ? "" : ",");
            int size = options[0] < 2 ? 1 : options.Length > 1 ? options[1] : 0;
            if (size == 0 || size > options.Length || (options[0] >= 2 && size < 2))
            {
                line.Append("bad");
                break;
            }

            TcpOption(line, options[..size]);
            if (options[0] == 0)
                break;
            options = options[size..];
        }

        line.Append(']');
    }

    private static void TcpOption(StringBuilder line, ReadOnlySpan<byte> option)
    {
        switch (option[0], option.Length)
        {
            case (0, _):
                line.Append("eol");
                break;
            case (1, _):
                line.Append("nop");
                break;
            case (2, 4):
                line.Append("mss ").Append(BinaryPrimitives.ReadUInt16BigEndian(option[2..]));
                break;
            case (3, 3):
                line.Append("wscale ").Append(option[2]);
                break;
            case (4, 2):
                line.Append("sackOK");
                break;
            case (5, > 2):
                line.Append("sack ").Append((option.Length - 2) / 8);
                for (ReadOnlySpan<byte> blocks = option[2..]; blocks.Length >= 8; blocks = blocks[8..])
                    line.Append($" {{{BinaryPrimitives.ReadUInt32BigEndian(blocks)}:{BinaryPrimitives.ReadUInt32BigEndian(blocks[4..])}}}");
                break;
            case (8, 10):
                line.Append($"TS val {BinaryPrimitives.ReadUInt32BigEndian(option[2..])} ecr {BinaryPrimitives.ReadUInt32BigEndian(option[6..])}");
                break;
            default:
                line.Append($"option {option[0]}");
                break;
        }
    }

    /// <summary>The first line of an HTTP message (RFC 9112, 2.1), by its looks.</summary>
    private static void Http(StringBuilder line, ReadOnlySpan<byte> data)
    {
        ReadOnlySpan<byte> first = data[..Math.Min(data.Length, 200)];
        int end = first.IndexOf((byte)'\r');
        if (end < 0)
            return;
        first = first[..end];
        if (first.StartsWith("HTTP/1."u8) || first.EndsWith(" HTTP/1.1"u8) || first.EndsWith(" HTTP/1.0"u8))
            line.Append(": HTTP: ").AppendText(first);
    }

    private static void Udp(StringBuilder line, in IpEnds ends, ReadOnlySpan<byte> datagram, int length, int depth)
    {
        if (datagram.Length < 8)
        {
            line.Append($"{ends.Source} > {ends.Destination}: [|udp], length ").Append(length);
            return;
        }

        Ports(line, in ends, datagram);
        int said = BinaryPrimitives.ReadUInt16BigEndian(datagram[4..]);
        if (said < 8 || said > length)
        {
            line.Append($"UDP bad length {said} of {length}");
            return;
        }

        ReadOnlySpan<byte> data = datagram[8..Math.Min(said, datagram.Length)];
        int source = BinaryPrimitives.ReadUInt16BigEndian(datagram);
        int destination = BinaryPrimitives.ReadUInt16BigEndian(datagram[2..]);
        if (!ApplicationDecoder.TryDescribe(line, source, destination, data, said - 8, depth))
            line.Append("UDP, length ").Append(said - 8);
    }
}
