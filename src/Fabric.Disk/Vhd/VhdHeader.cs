using System.Buffers.Binary;
using System.Numerics;
using System.Text;
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

    private const int LocatorOffset = 576;
    private const int LocatorCount = 8;
    private const int LocatorSize = 24;
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

    /// <summary>The parent's name without its folder, as Windows shows it.</summary>
    public string ParentName => ParentLocator.Slashes(Encoding.BigEndianUnicode.GetString(_bytes, 64, 512));

    /// <summary>The parent's names by kind.</summary>
    public IEnumerable<ParentLocator> Locators
    {
        get
        {
            for (int i = 0; i < LocatorCount; i++)
                yield return ParentLocator.Parse(_bytes.AsSpan(LocatorOffset + (i * LocatorSize)));
        }
    }

    /// <summary>Where those names stand: offset and length in whole sectors.</summary>
    public (long Offset, long Length)[] NamePlaces =>
        [.. Locators.Where(locator => locator.Platform != 0 && locator.Length != 0).Select(locator => (locator.Offset, (locator.Length + 511L) & ~511L))];

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

    /// <summary>The same header with another parent, which has one name.</summary>
    /// <param name="id">The parent's identity.</param>
    /// <param name="timestamp">When it was made.</param>
    /// <param name="fileName">Its name without the folder.</param>
    /// <param name="locator">Its name.</param>
    public VhdHeader WithParent(Guid id, uint timestamp, string fileName, ParentLocator locator)
    {
        VhdHeader changed = new([.. _bytes], Offset);
        Span<byte> bytes = changed._bytes;
        id.TryWriteBytes(bytes.Slice(40, 16), bigEndian: true, out _);
        BinaryPrimitives.WriteUInt32BigEndian(bytes[56..], timestamp);
        bytes[64..(LocatorOffset + (LocatorCount * LocatorSize))].Clear();
        Encoding.BigEndianUnicode.TryGetBytes(fileName.AsSpan(0, Math.Min(255, fileName.Length)), bytes.Slice(64, 510), out _);
        locator.Write(bytes[LocatorOffset..]);
        VhdFooter.Seal(bytes, ChecksumOffset);
        return changed;
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
