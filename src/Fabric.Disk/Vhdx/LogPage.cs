using System.Runtime.InteropServices;

namespace Fabric.Disk.Vhdx;

/// <summary>A 4 KiB piece of metadata on its way through the log.</summary>
/// <param name="Offset">Its place in the file, a multiple of 4 KiB.</param>
/// <param name="Words">Its 512 words, little-endian.</param>
internal readonly record struct LogPage(long Offset, ulong[] Words)
{
    /// <summary>Words of a page.</summary>
    public const int Count = VhdxFacts.LogSector / 8;

    /// <summary>The page as it stands in the file.</summary>
    public ReadOnlySpan<byte> Bytes => MemoryMarshal.AsBytes(Words.AsSpan());

    /// <summary>Makes a page of bytes.</summary>
    public static LogPage Of(long offset, ReadOnlySpan<byte> bytes) => new(offset, MemoryMarshal.Cast<byte, ulong>(bytes[..VhdxFacts.LogSector]).ToArray());
}
