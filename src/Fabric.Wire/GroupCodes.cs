using System.Numerics;

namespace Fabric.Wire;

/// <summary>The small floating-point numbers of IGMPv3 and MLDv2 (RFC 3376, 4.1.1 and 4.1.7; RFC 3810, 5.1.3 and 5.1.9): below half of
/// their range themselves, above it exponent of three bits and mantissa.</summary>
public static class GroupCodes
{
    /// <summary>Largest number that eight bits stand for.</summary>
    public const int Max8 = 31_744;

    /// <summary>Largest number that sixteen bits stand for.</summary>
    public const int Max16 = 8_387_584;

    /// <summary>What a code of eight bits stands for.</summary>
    /// <param name="code">The code.</param>
    public static int Decode8(byte code) => code < 0x80 ? code : ((code & 0xF) | 0x10) << (((code >> 4) & 7) + 3);

    /// <summary>What a code of sixteen bits stands for.</summary>
    /// <param name="code">The code.</param>
    public static int Decode16(ushort code) => code < 0x8000 ? code : ((code & 0xFFF) | 0x1000) << (((code >> 12) & 7) + 3);

    /// <summary>The code of the largest number that has one and is no larger.</summary>
    /// <param name="value">0 … <see cref="Max8"/>.</param>
    public static byte Encode8(int value) => (byte)Encode(value, 4);

    /// <summary>The code of the largest number that has one and is no larger.</summary>
    /// <param name="value">0 … <see cref="Max16"/>.</param>
    public static ushort Encode16(int value) => (ushort)Encode(value, 12);

    private static int Encode(int value, int mantissaBits)
    {
        int half = 1 << (mantissaBits + 3);
        if (value < half)
            return value;
        int shift = BitOperations.Log2((uint)value) - mantissaBits;
        return half | ((shift - 3) << mantissaBits) | ((value >> shift) & ((1 << mantissaBits) - 1));
    }
}
