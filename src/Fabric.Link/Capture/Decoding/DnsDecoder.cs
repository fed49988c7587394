using System.Buffers.Binary;
using System.Text;

namespace Fabric.Link.Capture.Decoding;

/// <summary>DNS (RFC 1035, 4): the question and the first answers.</summary>
internal static class DnsDecoder
{
    private const int MaxLabels = 40;
    private const int MaxJumps = 8;
    private const int MaxAnswers = 4;

    internal static void Describe(StringBuilder line, ReadOnlySpan<byte> message, int length)
    {
        if (message.Length < 12)
        {
            line.Append("[|dns], length ").Append(length);
            return;
        }

        int flags = BinaryPrimitives.ReadUInt16BigEndian(message[2..]);
        int questions = BinaryPrimitives.ReadUInt16BigEndian(message[4..]);
        int answers = BinaryPrimitives.ReadUInt16BigEndian(message[6..]);
        bool isAnswer = (flags & 0x8000) != 0;
        line.Append("DNS ").Append(BinaryPrimitives.ReadUInt16BigEndian(message)).Append((flags & 0x100) != 0 ? "+" : "").Append((flags & 0x400) != 0 ? "*" : "");
        if (isAnswer && (flags & 0xF) != 0)
            line.Append(' ').Append((flags & 0xF) switch { 1 => "FormErr", 2 => "ServFail", 3 => "NXDomain", 4 => "NotImp", 5 => "Refused", int code => $"code {code}" });
        if (isAnswer)
            line.Append($" {answers}/{BinaryPrimitives.ReadUInt16BigEndian(message[8..])}/{BinaryPrimitives.ReadUInt16BigEndian(message[10..])}");
        int position = 12;
        bool goesOn = true;
        for (int i = 0; i < Math.Min(questions, 1) && goesOn; i++)
            goesOn = Question(line, message, ref position, isAnswer);
        for (int i = 0; i < Math.Min(answers, MaxAnswers) && questions <= 1 && goesOn; i++)
            goesOn = Answer(line, message, ref position);
        if (!goesOn)
            line.Append(" [|dns]");
        line.Append(", length ").Append(length);
    }

    private static bool Question(StringBuilder line, ReadOnlySpan<byte> message, ref int position, bool isAnswer)
    {
        StringBuilder name = new();
        if (!TryName(name, message, ref position) || position + 4 > message.Length)
            return false;
        int type = BinaryPrimitives.ReadUInt16BigEndian(message[position..]);
        position += 4;
        if (!isAnswer)
            line.Append(' ').Append(TypeName(type)).Append("? ").Append(name);
        return true;
    }

    private static bool Answer(StringBuilder line, ReadOnlySpan<byte> message, ref int position)
    {
        StringBuilder name = new();
        if (!TryName(name, message, ref position) || position + 10 > message.Length)
            return false;
        int type = BinaryPrimitives.ReadUInt16BigEndian(message[position..]);
        int size = BinaryPrimitives.ReadUInt16BigEndian(message[(position + 8)..]);
        int data = position + 10;
        position = data + size;
        if (position > message.Length)
            return false;
        line.Append(' ').Append(TypeName(type)).Append(' ');
        switch (type, size)
        {
            case (1, 4) or (28, 16):
                line.Append(LineText.Address(message.Slice(data, size)));
                return true;
            case (2 or 5 or 12, _):
                return TryName(line, message, ref data);
            default:
                line.Append($"({size} bytes)");
                return true;
        }
    }

    /// <summary>A name, whose tail may stand elsewhere in the message (RFC 1035, 4.1.4).</summary>
    private static bool TryName(StringBuilder line, ReadOnlySpan<byte> message, ref int position)
    {
        int at = position;
        int jumps = 0;
        for (int labels = 0; labels < MaxLabels; labels++)
        {
            if (at >= message.Length)
                return false;
            int size = message[at++];
            if (size >= 0xC0)
            {
                if (at >= message.Length || ++jumps > MaxJumps)
                    return false;
                if (jumps == 1)
                    position = at + 1;
                at = ((size & 0x3F) << 8) | message[at];
                continue;
            }

            if (size == 0)
            {
                if (jumps == 0)
                    position = at;
                if (labels - jumps == 0)
                    line.Append('.');
                return true;
            }

            if (size > 63 || size > message.Length - at)
                return false;
            line.AppendText(message.Slice(at, size)).Append('.');
            at += size;
        }

        return false;
    }

    private static string TypeName(int type) => type switch
    {
        1 => "A",
        2 => "NS",
        5 => "CNAME",
        6 => "SOA",
        12 => "PTR",
        15 => "MX",
        16 => "TXT",
        28 => "AAAA",
        33 => "SRV",
        41 => "OPT",
        65 => "HTTPS",
        255 => "ANY",
        _ => $"TYPE{type}",
    };
}
