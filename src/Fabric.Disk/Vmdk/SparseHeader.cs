using System.Buffers.Binary;
using System.Numerics;
using Fabric.Disk.Storage;

namespace Fabric.Disk.Vmdk;

/// <summary>The header of a sparse extent (VMware "Virtual Disk Format 5.0", Hosted Sparse Extent Header): 512 bytes, little-endian, places and
/// sizes in sectors of 512 bytes. Every size is bounded before one of these exists.</summary>
/// <param name="Version">1, 2 (zeroed grains) or 3 (compressed, or with change tracking).</param>
/// <param name="Flags">See the constants.</param>
/// <param name="Capacity">Size of the extent.</param>
/// <param name="GrainSectors">Size of a grain, a power of two.</param>
/// <param name="DescriptorSector">Where the descriptor stands, or 0.</param>
/// <param name="DescriptorSectors">Room for it.</param>
/// <param name="TableEntries">Entries of a grain table.</param>
/// <param name="RedundantDirectory">Where the redundant grain directory stands, or 0.</param>
/// <param name="Directory">Where the grain directory stands.</param>
/// <param name="Overhead">Where grains begin.</param>
/// <param name="Compressed">Grains are compressed with deflate.</param>
/// <param name="AtEnd">The header is the footer of a stream, which stands behind the grains.</param>
internal sealed record SparseHeader(
    uint Version, uint Flags, long Capacity, int GrainSectors, long DescriptorSector, long DescriptorSectors, int TableEntries,
    long RedundantDirectory, long Directory, long Overhead, bool Compressed, bool AtEnd)
{
    /// <summary>Size in bytes.</summary>
    public const int Size = 512;

    /// <summary>"KDMV".</summary>
    public const uint Magic = 0x564d444b;

    /// <summary>The four bytes that show whether line ends were translated on the way are there.</summary>
    public const uint NewLineTest = 1;

    /// <summary>There is a redundant grain directory.</summary>
    public const uint HasRedundant = 2;

    /// <summary>A table's entry of 1 says that a grain is zero.</summary>
    public const uint ZeroedGrains = 4;

    /// <summary>Grains are compressed.</summary>
    public const uint CompressedGrains = 0x10000;

    /// <summary>Markers stand before grains.</summary>
    public const uint Markers = 0x20000;

    /// <summary>Most entries of a grain directory.</summary>
    public const int MaxDirectoryEntries = 1 << 20;

    private const int MaxGrainSectors = 1 << 14;
    private const ulong DirectoryAtEnd = ulong.MaxValue;

    /// <summary>Entries of the grain directory.</summary>
    public int DirectoryEntries => (int)((Capacity + (GrainSectors * (long)TableEntries) - 1) / (GrainSectors * (long)TableEntries));

    /// <summary>Sectors of one grain table.</summary>
    public int TableSectors => ((TableEntries * 4) + 511) >> 9;

    /// <summary>Sectors of the grain directory.</summary>
    public long DirectorySectors => ((DirectoryEntries * 4L) + 511) >> 9;

    /// <summary>Reads and bounds the header; that of a stream whose directory stands at the end is its footer.</summary>
    /// <param name="store">The extent's file.</param>
    /// <exception cref="DiskException">It is damaged, of another version, or asks for too much.</exception>
    public static SparseHeader Read(FileStore store)
    {
        Span<byte> sector = stackalloc byte[Size];
        if (store.Read(0, sector) != DiskStatus.Ok)
            throw new DiskException(store.Path, "the header cannot be read", 0);
        bool atEnd = BinaryPrimitives.ReadUInt64LittleEndian(sector[56..]) == DirectoryAtEnd;
        if (atEnd)
            ReadFooter(store, sector);
        return Parse(store, sector, atEnd);
    }

    private static void ReadFooter(FileStore store, Span<byte> sector)
    {
        long end = (store.Length + 511) & -512L;
        Span<byte> marker = stackalloc byte[Size];
        DiskStatus status = end < 4 * Size ? DiskStatus.Corrupt : store.Read(end - (3 * Size), marker);
        bool good = status == DiskStatus.Ok && BinaryPrimitives.ReadUInt32LittleEndian(marker[8..]) == 0 && BinaryPrimitives.ReadUInt32LittleEndian(marker[12..]) == 3;
        good = good && store.Read(end - Size, marker) == DiskStatus.Ok && marker[..16].IndexOfAnyExcept((byte)0) < 0;
        if (!good || store.Read(end - (2 * Size), sector) != DiskStatus.Ok)
            throw new DiskException(store.Path, "the stream has no footer: it was cut off; copy it again", Math.Max(0, end - (3 * Size)));
    }

    private static SparseHeader Parse(FileStore store, ReadOnlySpan<byte> sector, bool atEnd)
    {
        string path = store.Path;
        uint version = BinaryPrimitives.ReadUInt32LittleEndian(sector[4..]);
        uint flags = BinaryPrimitives.ReadUInt32LittleEndian(sector[8..]);
        if (BinaryPrimitives.ReadUInt32LittleEndian(sector) != Magic)
            throw new DiskException(path, "is no sparse extent of a VMDK (its magic number is missing)", 0);
        if (version is < 1 or > 3)
            throw new DiskException(path, $"is a VMDK of version {version}, which is not supported (1 to 3 are)", 4);
        if ((flags & NewLineTest) != 0 && !sector[73..77].SequenceEqual("\n \r\n"u8))
            throw new DiskException(path, "was damaged by a transfer in text mode; copy it again in binary mode", 73);
        ushort compression = BinaryPrimitives.ReadUInt16LittleEndian(sector[77..]);
        if (compression > 1)
            throw new DiskException(path, $"is compressed with method {compression}, which is not supported (deflate is)", 77);
        long grain = BinaryPrimitives.ReadInt64LittleEndian(sector[20..]);
        if (grain < 1 || grain > MaxGrainSectors || !BitOperations.IsPow2(grain))
            throw new DiskException(path, $"grain size {(ulong)grain} is no power of two from 1 to {MaxGrainSectors} sectors", 20);
        uint tableEntries = BinaryPrimitives.ReadUInt32LittleEndian(sector[44..]);
        if (tableEntries is < 1 or > 512)
            throw new DiskException(path, $"grain tables of {tableEntries} entries are not supported (512 are usual)", 44);
        long capacity = BinaryPrimitives.ReadInt64LittleEndian(sector[12..]);
        if (capacity < 0 || capacity > grain * tableEntries * MaxDirectoryEntries)
            throw new DiskException(path, $"a capacity of {(ulong)capacity} sectors is too large", 12);
        SparseHeader header = new(
            version, flags, capacity, (int)grain, BinaryPrimitives.ReadInt64LittleEndian(sector[28..]), BinaryPrimitives.ReadInt64LittleEndian(sector[36..]), (int)tableEntries,
            (flags & HasRedundant) != 0 ? BinaryPrimitives.ReadInt64LittleEndian(sector[48..]) : 0, BinaryPrimitives.ReadInt64LittleEndian(sector[56..]),
            BinaryPrimitives.ReadInt64LittleEndian(sector[64..]), compression == 1, atEnd);
        header.Bound(path, (store.Length + 511) >> 9);
        return header;
    }

    private void Bound(string path, long fileSectors)
    {
        if (!Inside(Directory, DirectorySectors, fileSectors))
            throw new DiskException(path, "its grain directory does not lie inside the file", 56);
        if (RedundantDirectory != 0 && !Inside(RedundantDirectory, DirectorySectors, fileSectors))
            throw new DiskException(path, "its redundant grain directory does not lie inside the file", 48);
        if (DescriptorSector != 0 && !Inside(DescriptorSector, DescriptorSectors, fileSectors))
            throw new DiskException(path, "its descriptor does not lie inside the file", 28);
        if (Overhead < 0 || Overhead > fileSectors)
            throw new DiskException(path, $"was cut off: at least {(ulong)Overhead} sectors are expected", 64);
    }

    private static bool Inside(long start, long count, long end) => start > 0 && count >= 0 && count <= end && start <= end - count;

    /// <summary>Writes the header as the first sector of a new extent.</summary>
    public byte[] ToSector()
    {
        byte[] sector = new byte[Size];
        BinaryPrimitives.WriteUInt32LittleEndian(sector, Magic);
        BinaryPrimitives.WriteUInt32LittleEndian(sector.AsSpan(4), Version);
        BinaryPrimitives.WriteUInt32LittleEndian(sector.AsSpan(8), Flags);
        BinaryPrimitives.WriteInt64LittleEndian(sector.AsSpan(12), Capacity);
        BinaryPrimitives.WriteInt64LittleEndian(sector.AsSpan(20), GrainSectors);
        BinaryPrimitives.WriteInt64LittleEndian(sector.AsSpan(28), DescriptorSector);
        BinaryPrimitives.WriteInt64LittleEndian(sector.AsSpan(36), DescriptorSectors);
        BinaryPrimitives.WriteInt32LittleEndian(sector.AsSpan(44), TableEntries);
        BinaryPrimitives.WriteInt64LittleEndian(sector.AsSpan(48), RedundantDirectory);
        BinaryPrimitives.WriteInt64LittleEndian(sector.AsSpan(56), Directory);
        BinaryPrimitives.WriteInt64LittleEndian(sector.AsSpan(64), Overhead);
        "\n \r\n"u8.CopyTo(sector.AsSpan(73));
        BinaryPrimitives.WriteUInt16LittleEndian(sector.AsSpan(77), Compressed ? (ushort)1 : (ushort)0);
        return sector;
    }
}
