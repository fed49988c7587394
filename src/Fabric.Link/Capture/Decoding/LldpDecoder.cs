using System.Buffers.Binary;
using System.Text;
using Fabric.Wire;

namespace Fabric.Link.Capture.Decoding;

/// <summary>LLDP (IEEE 802.1AB, clause 8): who, which port, for how long.</summary>
internal static class LldpDecoder
{
    private const int MaxElements = 64;

    internal static void Describe(StringBuilder line, ReadOnlySpan<byte> payload)
    {
        line.Append("LLDP");
        for (int i = 0; i < MaxElements && payload.Length >= 2; i++)
        {
            int head = BinaryPrimitives.ReadUInt16BigEndian(payload);
            int length = head & 0x1FF;
            if (head >> 9 == 0)
                return;
            if (length > payload.Length - 2)
            {
                line.Append(", [|lldp]");
                return;
            }

            Element(line, head >> 9, payload.Slice(2, length));
            payload = payload[(2 + length)..];
        }
    }

    private static void Element(StringBuilder line, int type, ReadOnlySpan<byte> value)
    {
        switch (type)
        {
            case 1:
                Id(line.Append(", chassis "), value, macSubtype: 4);
                break;
            case 2:
                Id(line.Append(", port "), value, macSubtype: 3);
                break;
            case 3 when value.Length >= 2:
                line.Append(", ttl ").Append(BinaryPrimitives.ReadUInt16BigEndian(value)).Append('s');
                break;
            case 4:
                line.Append(", port description ").AppendText(value);
                break;
            case 5:
                line.Append(", name ").AppendText(value);
                break;
        }
    }

    private static void Id(StringBuilder line, ReadOnlySpan<byte> value, int macSubtype)
    {
        if (value.Length == 7 && value[0] == macSubtype)
            line.Append(MacAddress.Read(value[1..]));
        else if (value.Length > 1)
            line.AppendText(value[1..]);
    }
}
