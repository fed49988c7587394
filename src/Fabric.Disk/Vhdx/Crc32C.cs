using System.Buffers.Binary;
using System.Numerics;

namespace Fabric.Disk.Vhdx;

/// <summary>CRC-32C as [MS-VHDX] uses it: over a whole structure, with the checksum field itself (bytes 4 to 7) taken as zero.</summary>
internal static class Crc32C
{
    /// <summary>Offset of the checksum in every structure that has one.</summary>
    public const int FieldOffset = 4;

    /// <summary>The checksum of a structure.</summary>
    public static uint Of(ReadOnlySpan<byte> structure)
    {
        Span<byte> none = stackalloc byte[4];
        none.Clear();
        uint crc = Append(uint.MaxValue, structure[..FieldOffset]);
        return ~Append(Append(crc, none), structure[(FieldOffset + 4)..]);
    }

    /// <summary>True when the field holds the checksum.</summary>
    public static bool Fits(ReadOnlySpan<byte> structure) => BinaryPrimitives.ReadUInt32LittleEndian(structure[FieldOffset..]) == Of(structure);

    /// <summary>Puts the checksum into its field.</summary>
    public static void Seal(Span<byte> structure) => BinaryPrimitives.WriteUInt32LittleEndian(structure[FieldOffset..], Of(structure));

    /// <summary>Goes on with a running value, which begins as <see cref="uint.MaxValue"/> and is inverted at the end.</summary>
    public static uint Append(uint crc, ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length >= 8)
        {
            crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
            bytes = bytes[8..];
        }

        foreach (byte one in bytes)
            crc = BitOperations.Crc32C(crc, one);
        return crc;
    }
}
