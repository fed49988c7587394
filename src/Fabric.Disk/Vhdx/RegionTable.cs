using System.Buffers.Binary;
using Fabric.Disk.Storage;

namespace Fabric.Disk.Vhdx;

/// <summary>The region table: where the block allocation table and the metadata stand ([MS-VHDX] 2.2.3). There are two equal copies.</summary>
internal static class RegionTable
{
    private const uint Regi = 0x69676572;
    private const int EntryBytes = 32;
    private const int HeaderBytes = 16;

    /// <summary>Reads the first copy, or the second when the first is damaged.</summary>
    /// <exception cref="DiskException">Both are damaged, a region is out of place, or a required one is not known.</exception>
    public static List<VhdxRegion> Read(FileStore store, VhdxHeader header)
    {
        byte[] table = new byte[VhdxFacts.TableBytes];
        if (!TryLoad(store, VhdxFacts.RegionTable1, table) && !TryLoad(store, VhdxFacts.RegionTable2, table))
            throw new DiskException(store.Path, "neither copy of its region table is valid; restore it from a backup", VhdxFacts.RegionTable1);
        uint count = BinaryPrimitives.ReadUInt32LittleEndian(table.AsSpan(8));
        if (count > VhdxFacts.MaxTableEntries)
            throw new DiskException(store.Path, $"its region table has {count} entries; {VhdxFacts.MaxTableEntries} are allowed", VhdxFacts.RegionTable1 + 8);
        List<VhdxRegion> regions = [];
        for (int i = 0; i < count; i++)
        {
            ReadOnlySpan<byte> entry = table.AsSpan(HeaderBytes + (i * EntryBytes), EntryBytes);
            regions.Add(new VhdxRegion(new Guid(entry[..16]), BinaryPrimitives.ReadInt64LittleEndian(entry[16..]),
                BinaryPrimitives.ReadUInt32LittleEndian(entry[24..]), (BinaryPrimitives.ReadUInt32LittleEndian(entry[28..]) & 1) != 0));
        }

        Validate(store.Path, header, regions, store.Length);
        return regions;
    }

    private static bool TryLoad(FileStore store, long place, byte[] table) =>
        store.Read(place, table) == DiskStatus.Ok && BinaryPrimitives.ReadUInt32LittleEndian(table) == Regi && Crc32C.Fits(table);

    private static void Validate(string path, VhdxHeader header, List<VhdxRegion> regions, long fileLength)
    {
        foreach (VhdxRegion region in regions)
        {
            if (((region.Offset | region.Length) & (VhdxFacts.Unit - 1)) != 0 || region.Length == 0 || region.Offset < VhdxFacts.Unit || region.Offset >= Math.Min(fileLength, VhdxFacts.MaxFile))
                throw new DiskException(path, $"the region {region.Id} at 0x{region.Offset:x} with {region.Length} bytes is out of place", VhdxFacts.RegionTable1);
            if (region.Required && region.Id != VhdxFacts.BatRegion && region.Id != VhdxFacts.MetadataRegion)
                throw new DiskException(path, $"needs the region {region.Id}, which is not known here; use the software that made the image", VhdxFacts.RegionTable1);
            if (header.IsInLog(region.Offset, region.Length))
                throw new DiskException(path, $"the region {region.Id} overlaps the log", VhdxFacts.RegionTable1);
        }

        List<VhdxRegion> sorted = [.. regions.OrderBy(region => region.Offset)];
        for (int i = 1; i < sorted.Count; i++)
            if (sorted[i - 1].Offset + sorted[i - 1].Length > sorted[i].Offset)
                throw new DiskException(path, $"the regions {sorted[i - 1].Id} and {sorted[i].Id} overlap", VhdxFacts.RegionTable1);
        if (regions.DistinctBy(region => region.Id).Count() != regions.Count)
            throw new DiskException(path, "its region table lists a region twice", VhdxFacts.RegionTable1);
        if (!regions.Exists(region => region.Id == VhdxFacts.BatRegion) || !regions.Exists(region => region.Id == VhdxFacts.MetadataRegion))
            throw new DiskException(path, "has no block allocation table or no metadata", VhdxFacts.RegionTable1);
    }

    /// <summary>Makes a table's 64 KiB.</summary>
    public static byte[] Encode(IReadOnlyList<VhdxRegion> regions)
    {
        byte[] table = new byte[VhdxFacts.TableBytes];
        BinaryPrimitives.WriteUInt32LittleEndian(table, Regi);
        BinaryPrimitives.WriteInt32LittleEndian(table.AsSpan(8), regions.Count);
        for (int i = 0; i < regions.Count; i++)
        {
            Span<byte> entry = table.AsSpan(HeaderBytes + (i * EntryBytes), EntryBytes);
            regions[i].Id.TryWriteBytes(entry);
            BinaryPrimitives.WriteInt64LittleEndian(entry[16..], regions[i].Offset);
            BinaryPrimitives.WriteUInt32LittleEndian(entry[24..], (uint)regions[i].Length);
            entry[28] = regions[i].Required ? (byte)1 : (byte)0;
        }

        Crc32C.Seal(table);
        return table;
    }
}
