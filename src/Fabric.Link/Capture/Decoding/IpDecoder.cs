using System.Buffers.Binary;
using System.Text;

namespace Fabric.Link.Capture.Decoding;

/// <summary>IPv4 (RFC 791) and IPv6 with its extension headers (RFC 8200).</summary>
internal static class IpDecoder
{
    private const int MaxExtensions = 16;

    internal static void V4(StringBuilder line, ReadOnlySpan<byte> packet, int length, int depth)
    {
        if (packet.Length < 20)
        {
            line.Append("IP [|ip], length ").Append(length);
            return;
        }

        int header = (packet[0] & 0xF) * 4;
        int total = BinaryPrimitives.ReadUInt16BigEndian(packet[2..]);
        if (packet[0] >> 4 != 4 || header < 20 || total < header)
        {
            line.Append($"IP bad header: version {packet[0] >> 4}, header {header}, total {total}");
            return;
        }

        string source = LineText.Address(packet.Slice(12, 4));
        string destination = LineText.Address(packet.Slice(16, 4));
        int fragment = BinaryPrimitives.ReadUInt16BigEndian(packet[6..]);
        int offset = (fragment & 0x1FFF) * 8;
        ReadOnlySpan<byte> payload = packet[Math.Min(header, packet.Length)..Math.Min(total, packet.Length)];
        line.Append("IP ");
        if (offset != 0)
            line.Append($"{source} > {destination}: {IpNames.Of(packet[9])} fragment");
        else
            TransportDecoder.Describe(line, new IpEnds(source, destination, IsV6: false), packet[9], payload, total - header, depth);
        if ((fragment & 0x3FFF) != 0)
            line.Append($" (frag id {BinaryPrimitives.ReadUInt16BigEndian(packet[4..])}, offset {offset}, length {total - header}{((fragment & 0x2000) != 0 ? ", more" : "")})");
        if (total > length)
            line.Append($" (cut: {total - length} bytes of the packet are missing)");
    }

    internal static void V6(StringBuilder line, ReadOnlySpan<byte> packet, int length, int depth)
    {
        if (packet.Length < 40 || packet[0] >> 4 != 6)
        {
            line.Append(packet.Length < 40 ? "IP6 [|ip6]" : $"IP6 bad header: version {packet[0] >> 4}").Append(", length ").Append(length);
            return;
        }

        IpEnds ends = new(LineText.Address(packet.Slice(8, 16)), LineText.Address(packet.Slice(24, 16)), IsV6: true);
        int left = BinaryPrimitives.ReadUInt16BigEndian(packet[4..]);
        bool isCut = left + 40 > length;
        int missing = left + 40 - length;
        ReadOnlySpan<byte> payload = packet[40..Math.Min(40 + left, packet.Length)];
        byte next = packet[6];
        StringBuilder notes = new();
        line.Append("IP6 ");
        for (int i = 0; i < MaxExtensions && next is 0 or 43 or 44 or 51 or 60; i++)
        {
            if (payload.Length < 8 || LengthOf(next, payload) is not { } size || size > payload.Length)
            {
                line.Append($"{ends.Source} > {ends.Destination}: [|{IpNames.Of(next)}]");
                return;
            }

            Note(notes, next, payload, left, out bool isLater);
            next = payload[0];
            payload = payload[size..];
            left -= size;
            if (!isLater)
                continue;
            line.Append($"{ends.Source} > {ends.Destination}: {IpNames.Of(next)} fragment").Append(notes);
            return;
        }

        TransportDecoder.Describe(line, ends, next, payload, left, depth);
        line.Append(notes);
        if (isCut)
            line.Append($" (cut: {missing} bytes of the packet are missing)");
    }

    private static int? LengthOf(byte header, ReadOnlySpan<byte> bytes) => header switch
    {
        44 => 8,
        51 => (bytes[1] + 2) * 4,
        _ => (bytes[1] + 1) * 8,
    };

    private static void Note(StringBuilder notes, byte header, ReadOnlySpan<byte> bytes, int left, out bool isLaterFragment)
    {
        isLaterFragment = false;
        if (header != 44)
        {
            notes.Append($" ({IpNames.Of(header)})");
            return;
        }

        int fragment = BinaryPrimitives.ReadUInt16BigEndian(bytes[2..]);
        isLaterFragment = fragment >> 3 != 0;
        notes.Append($" (frag id 0x{BinaryPrimitives.ReadUInt32BigEndian(bytes[4..]):x8}, offset {fragment & ~7}, length {left - 8}{((fragment & 1) != 0 ? ", more" : "")})");
    }
}
