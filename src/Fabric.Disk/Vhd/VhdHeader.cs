using System.Buffers.Binary;
using System.Numerics;
using Fabric.Disk.Storage;

namespace Fabric.Disk.Vhd;

/// <summary>The header of a disk that grows (VHD specification, "Dynamic Disk Header Format"): 1024 bytes, big-endian, read once and bounded
/// here; fields not named are kept as they are.</summary>
internal sealed class VhdHeader
{
    /// <summary>Size in bytes.</summary>
    public const int Size = 1024;

    /// <summary>Most entries of the block allocation table that are kept in memory.</summary>
    public const int MaxEntries = 1 << 23;

    /// <summary>Parent locators in a header.</summary>
    public const int Locators = 8;

    private const int ChecksumOffset = 36;
    private const int MaxBlockSize = 256 << 20;
    private readonly byte[] _bytes;

    private VhdHeader(byte[] bytes, long offset)
    {
        _bytes = bytes;
        Offset = offset;
    }

    /// <summary>Where it stands in the file.</summary>
    public long Offset { get; }

    /// <summary>The bytes as they stand in the file.</summary>
    public ReadOnlySpan<byte> Bytes => _bytes;

    /// <summary>Where the block allocation table stands.</summary>
    public long TableOffset => BinaryPrimitives.ReadInt64BigEndian(_bytes.AsSpan(16));

    /// <summary>Entries the table has room for.</summary>
    public uint TableEntries => BinaryPrimitives.ReadUInt32BigEndian(_bytes.AsSpan(28));

    /// <summary>Bytes the table occupies: whole sectors.</summary>
    public long TableBytes => ((TableEntries * 4L) + 511) & ~511L;

    /// <summary>Block size in bytes, a power of two from 512 up.</summary>
    public int BlockSize => BinaryPrimitives.ReadInt32BigEndian(_bytes.AsSpan(32));

    /// <summary>Bytes of the sector bitmap before each block: a bit a sector, in whole sectors.</summary>
    public int BitmapSize => ((BlockSize / 4096) + 511) & ~511;

    /// <summary>The parent's identity.</summary>
    public Guid ParentId => new(_bytes.AsSpan(40, 16), bigEndian: true);

    /// <summary>Reads and bounds the header.</summary>
    /// <exception cref="DiskException">It is damaged or asks for too much.</exception>
    public static VhdHeader Read(FileStore store, VhdFooter footer, long length)
    {
        long offset = footer.DataOffset;
        long end = store.Length;
        if (offset < VhdFooter.Size || offset > end - Size)
            throw new DiskException(store.Path, $"its header is said to stand at 0x{offset:x}, outside the file", 16);
        byte[] bytes = new byte[Size];
        if (store.Read(offset, bytes) != DiskStatus.Ok)
            throw new DiskException(store.Path, "the header cannot be read", offset);
        if (!bytes.AsSpan().StartsWith("cxsparse"u8) || VhdFooter.Checksum(bytes, ChecksumOffset) != BinaryPrimitives.ReadUInt32BigEndian(bytes.AsSpan(ChecksumOffset)))
            throw new DiskException(store.Path, "its header is damaged (magic number or checksum)", offset);
        VhdHeader header = new(bytes, offset);
        header.Bound(store.Path, length, end);
        return header;
    }

    private void Bound(string path, long length, long end)
    {
        if (BlockSize < 512 || BlockSize > MaxBlockSize || !BitOperations.IsPow2(BlockSize))
            throw new DiskException(path, $"block size {(uint)BlockSize} is no power of two from 512 to {MaxBlockSize}", Offset + 32);
        long needed = (length + BlockSize - 1) / BlockSize;
        if (needed > TableEntries)
            throw new DiskException(path, $"its block allocation table has {TableEntries} entries, too few for {length} bytes", Offset + 28);
        if (needed > MaxEntries)
            throw new DiskException(path, $"its block allocation table has {needed} entries in use, more than {MaxEntries}", Offset + 28);
        if (TableOffset < 0 || TableBytes > end || TableOffset > end - TableBytes)
            throw new DiskException(path, "its block allocation table does not lie inside the file", Offset + 16);
    }

    /// <summary>A header for a new disk.</summary>
    public static VhdHeader Make(uint entries, int blockSize)
    {
        byte[] bytes = new byte[Size];
        "cxsparse"u8.CopyTo(bytes);
        BinaryPrimitives.WriteInt64BigEndian(bytes.AsSpan(8), -1);
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(24), 0x00010000);
        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(32), blockSize);
        return new VhdHeader(bytes, VhdFooter.Size).WithTable(VhdFooter.Size + Size, entries);
    }

    /// <summary>The same header with its table elsewhere. All that changes stands in its first sector, so that it changes at once.</summary>
    public VhdHeader WithTable(long offset, uint entries)
    {
        VhdHeader changed = new([.. _bytes], Offset);
        BinaryPrimitives.WriteInt64BigEndian(changed._bytes.AsSpan(16), offset);
        BinaryPrimitives.WriteUInt32BigEndian(changed._bytes.AsSpan(28), entries);
        VhdFooter.Seal(changed._bytes, ChecksumOffset);
        return changed;
    }
}
