using System.Buffers.Binary;
using System.Text;

namespace Fabric.Link.Capture.Decoding;

/// <summary>IGMP versions 1 to 3 (RFC 1112, 2236, 3376).</summary>
internal static class IgmpDecoder
{
    private const int MaxGroups = 4;

    internal static void Describe(StringBuilder line, ReadOnlySpan<byte> message, int length)
    {
        line.Append("IGMP ");
        if (message.Length < 8)
        {
            line.Append("[|igmp], length ").Append(length);
            return;
        }

        string group = LineText.Address(message.Slice(4, 4));
        switch (message[0])
        {
            case 0x11:
                line.Append("query ").Append(length >= 12 ? "v3" : message[1] == 0 ? "v1" : "v2").Append(group == "0.0.0.0" ? "" : " " + group);
                break;
            case 0x12 or 0x16:
                line.Append(message[0] == 0x12 ? "v1 report " : "v2 report ").Append(group);
                break;
            case 0x17:
                line.Append("leave ").Append(group);
                break;
            case 0x22:
                line.Append("v3 report, ").Append(BinaryPrimitives.ReadUInt16BigEndian(message[6..])).Append(" records");
                Records(line, message[8..]);
                break;
            default:
                line.Append($"type 0x{message[0]:x2}");
                break;
        }

        line.Append(", length ").Append(length);
    }

    /// <summary>Names of group record types, which MLDv2 has too (RFC 3376, 4.2.12).</summary>
    internal static string RecordType(byte type) => type switch
    {
        1 => "is_in",
        2 => "is_ex",
        3 => "to_in",
        4 => "to_ex",
        5 => "allow",
        6 => "block",
        _ => $"type {type}",
    };

    private static void Records(StringBuilder line, ReadOnlySpan<byte> records)
    {
        for (int i = 0; i < MaxGroups && records.Length >= 8; i++)
        {
            line.Append($" [{LineText.Address(records.Slice(4, 4))} {RecordType(records[0])}]");
            int size = 8 + (BinaryPrimitives.ReadUInt16BigEndian(records[2..]) * 4) + (records[1] * 4);
            records = records[Math.Min(size, records.Length)..];
        }
    }
}
