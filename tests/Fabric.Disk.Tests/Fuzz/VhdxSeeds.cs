using System.Buffers.Binary;
using Fabric.Disk.Formats;
using Fabric.Disk.Vhdx;

namespace Fabric.Disk.Tests.Fuzz;

/// <summary>Small VHDX images: dynamic, fixed, differencing, and one whose log must be replayed.</summary>
internal static class VhdxSeeds
{
    private const int Unit = 1 << 20;
    private const int Log = Unit;
    private const int Bat = 2 * Unit;
    private const int Metadata = 3 * Unit;

    private static readonly (int Start, int Length)[] Fixed =
    [
        (0, 24), (64 << 10, 80), (128 << 10, 80), (192 << 10, 80), (256 << 10, 80), (Bat, 64), (Bat, 64), (Metadata, 224), (Metadata + (64 << 10), 40),
    ];

    public static List<FuzzSeed> All()
    {
        VhdxFormat format = new();
        return
        [
            new("dynamic", ImageFuzzer.Make(format, 7 << 19, "block_size=1M", Fill), FixChecksums, Fixed),
            new("fixed", ImageFuzzer.Make(format, 3 << 19, "block_size=1M,subformat=fixed,logical_sector_size=4096"), FixChecksums, Fixed),
            new("not closed", NotClosed(null), FixChecksums, [.. Fixed, (Log, 160), (Log, 160), (Log + (512 << 10), 160), (Log + 4096, 4096)]),
            new("differencing", NotClosed(ParentLocator.For("base.vhdx", Guid.NewGuid())), FixChecksums,
                [.. Fixed, (Metadata + (128 << 10), 300), (Metadata + (128 << 10), 44), (Bat + (4096 * 2 * 8), 8), (Log, 160), (Log + (512 << 10), 160)]),
        ];
    }

    private static void Fill(ImageDisk disk)
    {
        byte[] data = new byte[600];
        new Random(4).NextBytes(data);
        for (int block = 0; block < 4; block++)
            Assert.Equal(DiskStatus.Ok, disk.Write((block * Unit) + 5000, data));
        Assert.Equal(DiskStatus.Ok, disk.Flush());
        Assert.Equal(DiskStatus.Ok, disk.Discard(Unit, Unit));
    }

    /// <summary>The file of a disk that is still open, with entries in both halves of its log.</summary>
    internal static byte[] NotClosed(ParentLocator? parent)
    {
        MemoryStore store = new();
        store.Reset([], int.MaxValue);
        new VhdxCreator { Size = 7 << 19, BlockSize = Unit, SectorSize = parent is null ? 512 : 4096, Parent = parent }.Write(store);
        VhdxDisk disk = VhdxDisk.Open(store, _ => null);
        byte[] data = new byte[8192];
        new Random(4).NextBytes(data.AsSpan(0, 64));
        for (int block = 0; block < 3; block++)
        {
            Assert.Equal(DiskStatus.Ok, disk.Write((block * Unit) + 4096, data));
            Assert.Equal(DiskStatus.Ok, disk.Flush());
        }

        Assert.Equal(DiskStatus.Ok, disk.WriteZeroes(Unit, Unit, DiskFlags.MayUnmap));
        Assert.Equal(DiskStatus.Ok, disk.Flush());
        return store.ToArray();
    }

    internal static void FixChecksums(MemoryStore store)
    {
        byte[] table = new byte[64 << 10];
        for (int place = 64 << 10; place <= 128 << 10; place += 64 << 10)
            Fix(store, place, table.AsSpan(0, 4096));
        for (int place = 192 << 10; place <= 256 << 10; place += 64 << 10)
            Fix(store, place, table);
        foreach (int place in (int[])[Log, Log + (512 << 10)])
        {
            store.Read(place, table);
            uint length = BinaryPrimitives.ReadUInt32LittleEndian(table.AsSpan(8));
            if (BinaryPrimitives.ReadUInt32LittleEndian(table) == LogEntry.Signature && length is >= 64 and <= 64 << 10)
                Fix(store, place, table.AsSpan(0, (int)length));
        }
    }

    private static void Fix(MemoryStore store, int place, Span<byte> structure)
    {
        store.Read(place, structure);
        Crc32C.Seal(structure);
        store.Patch(place, structure);
    }
}
