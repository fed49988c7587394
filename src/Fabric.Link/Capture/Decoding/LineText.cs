using System.Net;
using System.Text;

namespace Fabric.Link.Capture.Decoding;

/// <summary>What the decoders have in common when they write.</summary>
internal static class LineText
{
    private const int MaxText = 80;

    internal static string Address(ReadOnlySpan<byte> bytes) => new IPAddress(bytes).ToString();

    /// <summary>Text out of a frame, fit for a terminal: what is not printable ASCII becomes a point.</summary>
    internal static StringBuilder AppendText(this StringBuilder line, ReadOnlySpan<byte> text)
    {
        foreach (byte letter in text[..Math.Min(text.Length, MaxText)])
            line.Append(letter is >= 0x20 and < 0x7F ? (char)letter : '.');
        return text.Length > MaxText ? line.Append('…') : line;
    }

    /// <summary>The names of the bits that are set, the lowest first.</summary>
    internal static StringBuilder AppendFlags(this StringBuilder line, int bits, params ReadOnlySpan<string> names)
    {
        bool isFirst = true;
        for (int i = 0; i < names.Length; i++)
        {
            if ((bits & (1 << i)) == 0)
                continue;
            line.Append(isFirst ? "" : ", ").Append(names[i]);
            isFirst = false;
        }

        return isFirst ? line.Append("none") : line;
    }
}
