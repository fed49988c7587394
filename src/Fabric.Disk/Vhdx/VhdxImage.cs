using Fabric.Disk.Storage;

namespace Fabric.Disk.Vhdx;

/// <summary>The fixed structures of an image whose log needs no replay any more, and what follows from them.</summary>
internal sealed class VhdxImage
{
    private VhdxImage(VhdxHeader header, List<VhdxRegion> regions, VhdxMetadata metadata)
    {
        Header = header;
        Regions = regions;
        Metadata = metadata;
        Bat = regions.Find(region => region.Id == VhdxFacts.BatRegion);
        MetadataPlace = regions.Find(region => region.Id == VhdxFacts.MetadataRegion);
        BlockBits = int.Log2(metadata.BlockSize);
        SectorBits = int.Log2(metadata.LogicalSectorSize);
    }

    /// <summary>The current header.</summary>
    public VhdxHeader Header { get; }

    /// <summary>The region table.</summary>
    public List<VhdxRegion> Regions { get; }

    /// <summary>The metadata.</summary>
    public VhdxMetadata Metadata { get; }

    /// <summary>The block allocation table's place.</summary>
    public VhdxRegion Bat { get; }

    /// <summary>The metadata's place.</summary>
    public VhdxRegion MetadataPlace { get; }

    /// <summary>Binary logarithm of the block size.</summary>
    public int BlockBits { get; }

    /// <summary>Binary logarithm of the logical sector size.</summary>
    public int SectorBits { get; }

    /// <summary>Binary logarithm of the chunk ratio: payload blocks for each sector bitmap block (2.4).</summary>
    public int ChunkBits => VhdxFacts.ChunkSectorBits + SectorBits - BlockBits;

    /// <summary>Virtual size in bytes.</summary>
    public long Size => Metadata.Size;

    /// <summary>Number of payload blocks.</summary>
    public long Blocks => BlocksFor(Size);

    /// <summary>Entries that the block allocation table needs (2.5).</summary>
    public long BatEntries => EntriesFor(Size, Metadata.HasParent);

    /// <summary>Number of payload blocks of a disk of another size.</summary>
    public long BlocksFor(long size) => (size + Metadata.BlockSize - 1) >> BlockBits;

    /// <summary>Entries needed for another size.</summary>
    public long EntriesFor(long size, bool hasParent)
    {
        long blocks = BlocksFor(size);
        if (blocks == 0)
            return 0;
        long chunks = (blocks + (1L << ChunkBits) - 1) >> ChunkBits;
        return hasParent ? chunks * ((1L << ChunkBits) + 1) : blocks + ((blocks - 1) >> ChunkBits);
    }

    /// <summary>Index in the table of a payload block's entry.</summary>
    public long IndexOf(long block) => block + (block >> ChunkBits);

    /// <summary>Index in the table of a chunk's sector bitmap entry.</summary>
    public long BitmapIndexOf(long chunk) => ((chunk + 1) << ChunkBits) + chunk;

    /// <summary>Bytes of a block that lie inside the disk.</summary>
    public long BytesOf(long block) => Math.Min(Metadata.BlockSize, Size - (block << BlockBits));

    /// <summary>Reads regions and metadata.</summary>
    /// <param name="store">The file, with its log replayed.</param>
    /// <param name="header">Its header.</param>
    /// <exception cref="DiskException">The image must not be trusted.</exception>
    public static VhdxImage Read(FileStore store, VhdxHeader header)
    {
        List<VhdxRegion> regions = RegionTable.Read(store, header);
        VhdxImage image = new(header, regions, VhdxMetadata.Read(store, regions.Find(region => region.Id == VhdxFacts.MetadataRegion)));
        if (image.BatEntries * 8 > image.Bat.Length)
            throw new DiskException(store.Path, $"the block allocation table has room for {image.Bat.Length / 8} entries; the disk needs {image.BatEntries}", image.Bat.Offset);
        return image;
    }
}
