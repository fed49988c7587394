using System.Buffers.Binary;
using System.Numerics;
using Fabric.Disk.Storage;

namespace Fabric.Disk.Vhdx;

/// <summary>What the metadata region says ([MS-VHDX] 2.6), checked.</summary>
internal sealed class VhdxMetadata
{
    /// <summary>Most bytes of a parent locator that are read.</summary>
    public const int MaxLocator = 64 << 10;

    private const int EntryBytes = 32;

    /// <summary>The table's entries in their order.</summary>
    public required IReadOnlyList<MetadataItem> Items { get; init; }

    /// <summary>Payload block size in bytes: a power of two, 1 MiB to 256 MiB.</summary>
    public required int BlockSize { get; init; }

    /// <summary>All blocks are to stay allocated: a fixed image.</summary>
    public required bool LeaveAllocated { get; init; }

    /// <summary>A differencing image.</summary>
    public required bool HasParent { get; init; }

    /// <summary>Virtual size in bytes, a multiple of the sector size.</summary>
    public required long Size { get; init; }

    /// <summary>512 or 4096.</summary>
    public required int LogicalSectorSize { get; init; }

    /// <summary>512 or 4096.</summary>
    public required int PhysicalSectorSize { get; init; }

    /// <summary>Identity of the disk.</summary>
    public required Guid DiskId { get; init; }

    /// <summary>Where the parent is; null without one.</summary>
    public ParentLocator? Parent { get; init; }

    /// <summary>The entry of an item.</summary>
    public MetadataItem Item(Guid id) => Items.First(item => item.Id == id && (item.Flags & MetadataItem.User) == 0);

    /// <summary>Reads table and items.</summary>
    /// <exception cref="DiskException">Something is missing, out of bounds, or required and not known.</exception>
    public static VhdxMetadata Read(FileStore store, VhdxRegion region)
    {
        byte[] table = new byte[VhdxFacts.TableBytes];
        if (store.Read(region.Offset, table) != DiskStatus.Ok)
            throw new DiskException(store.Path, "the metadata cannot be read", region.Offset);
        if (!table.AsSpan().StartsWith("metadata"u8))
            throw new DiskException(store.Path, "the metadata table has no signature", region.Offset);
        List<MetadataItem> items = ReadTable(store.Path, region, table);
        ulong parameters = Number(store, region, items, VhdxFacts.FileParameters, 8);
        uint block = (uint)parameters;
        uint kind = (uint)(parameters >> 32);
        long size = (long)Number(store, region, items, VhdxFacts.VirtualDiskSize, 8);
        long logical = (long)Number(store, region, items, VhdxFacts.LogicalSectorSize, 4);
        long physical = (long)Number(store, region, items, VhdxFacts.PhysicalSectorSize, 4);
        if (block is < VhdxFacts.Unit or > VhdxFacts.MaxBlock || !BitOperations.IsPow2(block))
            throw new DiskException(store.Path, $"the block size {block} is no power of two from 1 MiB to 256 MiB", region.Offset);
        if (logical is not (512 or 4096) || physical is not (512 or 4096))
            throw new DiskException(store.Path, $"the sector sizes {logical} and {physical} are neither 512 nor 4096", region.Offset);
        if (size is < 0 or > VhdxFacts.MaxSize || size % logical != 0)
            throw new DiskException(store.Path, $"the virtual size {size} is above 64 TiB or no multiple of {logical}", region.Offset);
        bool hasParent = (kind & 2) != 0;
        return new VhdxMetadata
        {
            Items = items,
            BlockSize = (int)block,
            LeaveAllocated = (kind & 1) != 0 && !hasParent,
            HasParent = hasParent,
            Size = size,
            LogicalSectorSize = (int)logical,
            PhysicalSectorSize = (int)physical,
            DiskId = ReadId(store, region, items),
            Parent = hasParent ? ReadLocator(store, region, items) : null,
        };
    }

    private static List<MetadataItem> ReadTable(string path, VhdxRegion region, byte[] table)
    {
        int count = BinaryPrimitives.ReadUInt16LittleEndian(table.AsSpan(10));
        if (count > VhdxFacts.MaxTableEntries)
            throw new DiskException(path, $"the metadata table has {count} entries; {VhdxFacts.MaxTableEntries} are allowed", region.Offset + 10);
        List<MetadataItem> items = new(count);
        for (int i = 1; i <= count; i++)
        {
            ReadOnlySpan<byte> entry = table.AsSpan(i * EntryBytes, EntryBytes);
            uint offset = BinaryPrimitives.ReadUInt32LittleEndian(entry[16..]);
            uint length = BinaryPrimitives.ReadUInt32LittleEndian(entry[20..]);
            MetadataItem item = new(new Guid(entry[..16]), (int)offset, (int)length, BinaryPrimitives.ReadUInt32LittleEndian(entry[24..]));
            if (length > VhdxFacts.Unit || (length > 0 && (offset < VhdxFacts.TableBytes || offset > int.MaxValue || offset + (long)length > region.Length)))
                throw new DiskException(path, $"the metadata item {item.Id} of {length} bytes at {offset} does not lie in the metadata region", region.Offset + (i * EntryBytes));
            if ((item.Flags & MetadataItem.Required) != 0 && !IsKnown(item))
                throw new DiskException(path, $"needs the metadata item {item.Id}, which is not known here; use the software that made the image", region.Offset + (i * EntryBytes));
            if (IsKnown(item) && items.Exists(other => other.Id == item.Id && IsKnown(other)))
                throw new DiskException(path, $"lists the metadata item {item.Id} twice", region.Offset + (i * EntryBytes));
            items.Add(item);
        }

        return items;
    }

    private static bool IsKnown(MetadataItem item) => (item.Flags & MetadataItem.User) == 0
        && (item.Id == VhdxFacts.FileParameters || item.Id == VhdxFacts.VirtualDiskSize || item.Id == VhdxFacts.VirtualDiskId
            || item.Id == VhdxFacts.LogicalSectorSize || item.Id == VhdxFacts.PhysicalSectorSize || item.Id == VhdxFacts.ParentLocator);

    private static MetadataItem Find(FileStore store, VhdxRegion region, List<MetadataItem> items, Guid id, int length)
    {
        foreach (MetadataItem item in items)
            if (item.Id == id && IsKnown(item))
                return item.Length >= length ? item : throw new DiskException(store.Path, $"the metadata item {id} has {item.Length} bytes instead of {length}", region.Offset);
        throw new DiskException(store.Path, $"lacks the metadata item {id}", region.Offset);
    }

    private static ulong Number(FileStore store, VhdxRegion region, List<MetadataItem> items, Guid id, int length)
    {
        Span<byte> bytes = stackalloc byte[8];
        bytes.Clear();
        MetadataItem item = Find(store, region, items, id, length);
        if (store.Read(region.Offset + item.Offset, bytes[..length]) != DiskStatus.Ok)
            throw new DiskException(store.Path, $"the metadata item {id} cannot be read", region.Offset + item.Offset);
        return BinaryPrimitives.ReadUInt64LittleEndian(bytes);
    }

    private static Guid ReadId(FileStore store, VhdxRegion region, List<MetadataItem> items)
    {
        Span<byte> bytes = stackalloc byte[16];
        MetadataItem item = Find(store, region, items, VhdxFacts.VirtualDiskId, 16);
        if (store.Read(region.Offset + item.Offset, bytes) != DiskStatus.Ok)
            throw new DiskException(store.Path, "the disk's identity cannot be read", region.Offset + item.Offset);
        return new Guid(bytes);
    }

    private static ParentLocator ReadLocator(FileStore store, VhdxRegion region, List<MetadataItem> items)
    {
        MetadataItem item = Find(store, region, items, VhdxFacts.ParentLocator, 20);
        if (item.Length > MaxLocator)
            throw new DiskException(store.Path, $"the parent locator has {item.Length} bytes; at most {MaxLocator} are read", region.Offset + item.Offset);
        byte[] bytes = new byte[item.Length];
        if (store.Read(region.Offset + item.Offset, bytes) != DiskStatus.Ok)
            throw new DiskException(store.Path, "the parent locator cannot be read", region.Offset + item.Offset);
        return ParentLocator.Decode(store.Path, bytes, region.Offset + item.Offset);
    }

    /// <summary>Makes the 64 KiB of a metadata table.</summary>
    public static byte[] EncodeTable(IReadOnlyList<MetadataItem> items)
    {
        byte[] table = new byte[VhdxFacts.TableBytes];
        "metadata"u8.CopyTo(table);
        BinaryPrimitives.WriteUInt16LittleEndian(table.AsSpan(10), (ushort)items.Count);
        for (int i = 0; i < items.Count; i++)
        {
            Span<byte> entry = table.AsSpan((i + 1) * EntryBytes, EntryBytes);
            items[i].Id.TryWriteBytes(entry);
            BinaryPrimitives.WriteInt32LittleEndian(entry[16..], items[i].Offset);
            BinaryPrimitives.WriteInt32LittleEndian(entry[20..], items[i].Length);
            BinaryPrimitives.WriteUInt32LittleEndian(entry[24..], items[i].Flags);
        }

        return table;
    }
}
