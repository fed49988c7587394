using System.Buffers.Binary;

namespace Fabric.Disk.Vhdx;

/// <summary>A log entry's header, validated on its own ([MS-VHDX] 2.3.1.1).</summary>
/// <param name="Offset">Place in the log in bytes.</param>
/// <param name="Length">Length in bytes, a multiple of 4 KiB.</param>
/// <param name="Tail">Place of the oldest entry that is still needed with this one.</param>
/// <param name="Sequence">Number of the entry.</param>
/// <param name="Descriptors">How many writes it holds.</param>
/// <param name="FlushedFileOffset">Length that the file must have.</param>
/// <param name="LastFileOffset">Length that the file gets.</param>
internal readonly record struct LogEntry(long Offset, long Length, long Tail, ulong Sequence, int Descriptors, long FlushedFileOffset, long LastFileOffset)
{
    /// <summary>Bytes of the header.</summary>
    public const int HeaderBytes = 64;

    /// <summary>Bytes of a descriptor.</summary>
    public const int DescriptorBytes = 32;

    /// <summary>"loge".</summary>
    public const uint Signature = 0x65676f6c;

    /// <summary>"desc": a sector of data.</summary>
    public const uint DataDescriptor = 0x63736564;

    /// <summary>"zero": a run of zeroes.</summary>
    public const uint ZeroDescriptor = 0x6f72657a;

    /// <summary>"data".</summary>
    public const uint DataSector = 0x61746164;

    /// <summary>Sectors that header and descriptors take.</summary>
    public static long DescriptorSectors(long descriptors) => (HeaderBytes + (descriptors * DescriptorBytes) + VhdxFacts.LogSector - 1) / VhdxFacts.LogSector;

    /// <summary>Reads a header.</summary>
    /// <param name="bytes">At least 64 bytes.</param>
    /// <param name="offset">Their place in the log.</param>
    /// <param name="header">The image's header, which tells the log's identity and length.</param>
    /// <param name="entry">The entry.</param>
    /// <returns>False when no entry of this log stands here.</returns>
    public static bool TryRead(ReadOnlySpan<byte> bytes, long offset, VhdxHeader header, out LogEntry entry)
    {
        entry = default;
        if (BinaryPrimitives.ReadUInt32LittleEndian(bytes) != Signature || new Guid(bytes.Slice(32, 16)) != header.LogGuid)
            return false;
        uint length = BinaryPrimitives.ReadUInt32LittleEndian(bytes[8..]);
        uint tail = BinaryPrimitives.ReadUInt32LittleEndian(bytes[12..]);
        uint descriptors = BinaryPrimitives.ReadUInt32LittleEndian(bytes[24..]);
        entry = new LogEntry(offset, length, tail, BinaryPrimitives.ReadUInt64LittleEndian(bytes[16..]), (int)Math.Min(descriptors, int.MaxValue),
            BinaryPrimitives.ReadInt64LittleEndian(bytes[48..]), BinaryPrimitives.ReadInt64LittleEndian(bytes[56..]));
        return length != 0 && length <= header.LogLength && length % VhdxFacts.LogSector == 0
            && tail < header.LogLength && tail % VhdxFacts.LogSector == 0 && entry.Sequence != 0
            && DescriptorSectors(descriptors) * VhdxFacts.LogSector <= length;
    }
}
