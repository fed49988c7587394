using System.Buffers.Binary;

namespace Fabric.Vmm.Agent;

/// <summary>The frames of the agent's byte stream: octet-stuffed like RFC 1662 (0x7E delimits, 0x7D escapes with xor 0x20), each a
/// type (1 byte), an id (4), a payload (0 … 65536) and the sum of all bytes before it (4); numbers are big-endian.</summary>
internal static class AgentFraming
{
    /// <summary>Longest payload in bytes.</summary>
    internal const int MaxPayload = 65536;

    /// <summary>Bytes around a payload.</summary>
    internal const int Overhead = HeaderLength + SumLength;

    internal const byte Delimiter = 0x7e;
    internal const byte Escape = 0x7d;
    internal const byte EscapeMask = 0x20;
    internal const int HeaderLength = 5;
    internal const int SumLength = 4;

    /// <summary>A frame as it goes over the wire.</summary>
    internal static byte[] Encode(AgentMessage type, uint id, ReadOnlySpan<byte> payload)
    {
        byte[] plain = new byte[Overhead + payload.Length];
        plain[0] = (byte)type;
        BinaryPrimitives.WriteUInt32BigEndian(plain.AsSpan(1), id);
        payload.CopyTo(plain.AsSpan(HeaderLength));
        BinaryPrimitives.WriteUInt32BigEndian(plain.AsSpan(HeaderLength + payload.Length), Sum(plain.AsSpan(0, HeaderLength + payload.Length)));

        byte[] wire = new byte[2 + plain.Length + CountSpecial(plain)];
        int at = 0;
        wire[at++] = Delimiter;
        foreach (byte octet in plain)
        {
            if (octet is Delimiter or Escape)
            {
                wire[at++] = Escape;
                wire[at++] = (byte)(octet ^ EscapeMask);
            }
            else
            {
                wire[at++] = octet;
            }
        }

        wire[at] = Delimiter;
        return wire;
    }

    internal static uint Sum(ReadOnlySpan<byte> bytes)
    {
        uint sum = 0;
        foreach (byte octet in bytes)
            sum += octet;
        return sum;
    }

    private static int CountSpecial(ReadOnlySpan<byte> bytes)
    {
        int count = 0;
        foreach (byte octet in bytes)
            count += octet is Delimiter or Escape ? 1 : 0;
        return count;
    }
}
