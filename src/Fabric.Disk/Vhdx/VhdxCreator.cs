using System.Buffers.Binary;
using Fabric.Disk.Storage;

namespace Fabric.Disk.Vhdx;

/// <summary>Writes a new, empty image: identifier, headers, region tables, log, BAT and metadata, in this order.</summary>
internal sealed class VhdxCreator
{
    private const int LocatorAt = 128 << 10;

    /// <summary>Virtual size in bytes, a multiple of the sector size.</summary>
    public required long Size { get; init; }

    /// <summary>Block size in bytes: a power of two, 1 MiB to 256 MiB.</summary>
    public required int BlockSize { get; init; }

    /// <summary>Log size in bytes, a multiple of 1 MiB.</summary>
    public long LogSize { get; init; } = VhdxFacts.Unit;

    /// <summary>512 or 4096.</summary>
    public int SectorSize { get; init; } = 512;

    /// <summary>All blocks get their place now.</summary>
    public bool Fixed { get; init; }

    /// <summary>Blocks start as zero instead of not present.</summary>
    public bool StateZero { get; init; }

    /// <summary>The parent; null for none.</summary>
    public ParentLocator? Parent { get; init; }

    private int BlockBits => int.Log2(BlockSize);

    private int ChunkBits => VhdxFacts.ChunkSectorBits + int.Log2(SectorSize) - BlockBits;

    private long Blocks => (Size + BlockSize - 1) >> BlockBits;

    /// <summary>Entries that the table needs, with room for those of a differencing image.</summary>
    private long Entries => (((Blocks - 1) >> ChunkBits) + 1) * ((1L << ChunkBits) + 1);

    private long BatLength => Math.Max(VhdxFacts.Unit, VhdxFacts.RoundUp(EntriesNeeded * 8));

    private long EntriesNeeded => Blocks == 0 ? 0 : Parent is not null ? Entries : Blocks + ((Blocks - 1) >> ChunkBits);

    private long BatOffset => VhdxFacts.Unit + LogSize;

    private long MetadataOffset => BatOffset + BatLength;

    /// <summary>Where the first payload block of a new image stands, and the length of a dynamic one.</summary>
    public long DataOffset => MetadataOffset + VhdxFacts.Unit;

    /// <summary>QEMU's rule for the block size.</summary>
    public static int BlockSizeFor(long size) => size switch
    {
        > 32L << 40 => 64 << 20,
        > 100L << 30 => 32 << 20,
        > 1L << 30 => 16 << 20,
        _ => 8 << 20,
    };

    /// <summary>Fills an empty file.</summary>
    /// <exception cref="DiskException">The file cannot be written.</exception>
    public void Write(FileStore store)
    {
        Expect(store, store.SetLength(DataOffset + (Fixed ? Blocks << BlockBits : 0)));
        WriteIdentifier(store);
        List<VhdxRegion> regions = [new(VhdxFacts.BatRegion, BatOffset, BatLength, true), new(VhdxFacts.MetadataRegion, MetadataOffset, VhdxFacts.Unit, true)];
        byte[] table = RegionTable.Encode(regions);
        Expect(store, store.Write(VhdxFacts.RegionTable1, table));
        Expect(store, store.Write(VhdxFacts.RegionTable2, table));
        WriteMetadata(store);
        if (Fixed || (StateZero && Parent is null))
            WriteTable(store);
        VhdxHeader header = VhdxHeader.Create(VhdxFacts.Unit, LogSize);
        Expect(store, header.Update(store, Guid.NewGuid(), Guid.NewGuid()));
        Expect(store, header.Update(store));
    }

    private static void WriteIdentifier(FileStore store)
    {
        byte[] identifier = new byte[512];
        VhdxFacts.Signature.CopyTo(identifier);
        System.Text.Encoding.Unicode.GetBytes("Fabric", identifier.AsSpan(8));
        Expect(store, store.Write(0, identifier));
    }

    private void WriteMetadata(FileStore store)
    {
        const uint Disk = MetadataItem.VirtualDisk | MetadataItem.Required;
        const int At = VhdxFacts.TableBytes;
        List<MetadataItem> items =
        [
            new(VhdxFacts.FileParameters, At, 8, MetadataItem.Required),
            new(VhdxFacts.VirtualDiskSize, At + 8, 8, Disk),
            new(VhdxFacts.VirtualDiskId, At + 16, 16, Disk),
            new(VhdxFacts.LogicalSectorSize, At + 32, 4, Disk),
            new(VhdxFacts.PhysicalSectorSize, At + 36, 4, Disk),
        ];
        Span<byte> values = stackalloc byte[40];
        BinaryPrimitives.WriteInt32LittleEndian(values, BlockSize);
        BinaryPrimitives.WriteInt32LittleEndian(values[4..], (Fixed ? 1 : 0) | (Parent is not null ? 2 : 0));
        BinaryPrimitives.WriteInt64LittleEndian(values[8..], Size);
        Guid.NewGuid().TryWriteBytes(values[16..]);
        BinaryPrimitives.WriteInt32LittleEndian(values[32..], SectorSize);
        BinaryPrimitives.WriteInt32LittleEndian(values[36..], SectorSize == 4096 ? 4096 : 512);
        if (Parent is not null)
        {
            byte[] locator = Parent.Encode();
            items.Add(new MetadataItem(VhdxFacts.ParentLocator, LocatorAt, locator.Length, MetadataItem.Required));
            Expect(store, store.Write(MetadataOffset + LocatorAt, locator));
        }

        Expect(store, store.Write(MetadataOffset, VhdxMetadata.EncodeTable(items)));
        Expect(store, store.Write(MetadataOffset + At, values));
    }

    private void WriteTable(FileStore store)
    {
        byte[] piece = new byte[64 << 10];
        long ratio = (1L << ChunkBits) + 1;
        for (long first = 0; first < EntriesNeeded; first += piece.Length / 8)
        {
            int count = (int)Math.Min(piece.Length / 8, EntriesNeeded - first);
            for (int i = 0; i < count; i++)
            {
                long index = first + i;
                long block = index - (index / ratio);
                ulong entry = index % ratio == ratio - 1 ? 0
                    : Fixed ? BatEntry.Make(BlockState.Present, DataOffset + (block << BlockBits)) : (ulong)BlockState.Zero;
                BinaryPrimitives.WriteUInt64LittleEndian(piece.AsSpan(i * 8), entry);
            }

            Expect(store, store.Write(BatOffset + (first * 8), piece.AsSpan(0, count * 8)));
        }
    }

    private static void Expect(FileStore store, DiskStatus status)
    {
        if (status != DiskStatus.Ok)
            throw new DiskException(store.Path, status == DiskStatus.NoSpace ? "there is no space for the new image" : "the new image cannot be written");
    }
}
